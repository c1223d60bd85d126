/**
 * Timers over the host's tick (spec: `proxy_set_tick_period_milliseconds`, `proxy_on_tick`). A timer belongs to the plugin in
 * whose callback it was started, and ends when that is configured again.
 *
 * @module
 */

import { describe } from "./describe.ts";
import { get_plugin_id, handle, proxy_set_effective_context, proxy_set_tick_period_milliseconds } from "./hostcalls.ts";
import { log } from "./log.ts";
import { onForgetPlugin } from "./plugin-events.ts";

interface Timer {
  readonly pluginId: number;
  readonly callback: () => unknown;
  /** Milliseconds between two runs; undefined: it runs once. */
  readonly period: number | undefined;
  /** When it runs next, as Date.now() counts. */
  due: number;
  /** An asynchronous callback is still at work. */
  busy: boolean;
}

const MAX_DELAY_MS = 2 ** 31 - 1;

const timers = new Map<number, Timer>();
let lastId = 0;

/** Asks the host to tick when the plugin's next timer is due. */
function schedule(pluginId: number): void {
  let next: number | undefined;
  for (const timer of timers.values()) {
    if (timer.pluginId === pluginId && (next === undefined || timer.due < next)) {
      next = timer.due;
    }
  }
  proxy_set_effective_context(pluginId);
  proxy_set_tick_period_milliseconds(next === undefined ? 0 : Math.max(1, Math.ceil(next - Date.now())));
}

function start(callback: () => unknown, delay: number, period: number | undefined): number {
  if (typeof callback !== "function") {
    throw new TypeError("a timer needs a function to call");
  }
  const pluginId = get_plugin_id();
  const id = ++lastId;
  timers.set(id, { pluginId, callback, period, due: Date.now() + delay, busy: false });
  schedule(pluginId);
  return id;
}

function run(timer: Timer): void {
  if (timer.busy) {
    return;
  }
  const failed = (error: unknown) => {
    log.error(`uncaught error in a timer: ${describe(error)}`);
  };
  try {
    const result = timer.callback();
    if (result instanceof Promise) {
      timer.busy = true;
      result.catch(failed).finally(() => {
        timer.busy = false;
      });
    }
  } catch (error) {
    failed(error);
  }
}

function onTick(pluginId: number): void {
  const now = Date.now();
  for (const [id, timer] of [...timers]) {
    if (timer.pluginId !== pluginId || timer.due > now || !timers.has(id)) {
      continue;
    }
    if (timer.period === undefined) {
      timers.delete(id);
    } else {
      timer.due = now + timer.period;
    }
    run(timer);
  }
  schedule(pluginId);
}

function toDelay(ms: unknown): number {
  const delay = Number(ms);
  return delay >= 1 ? Math.min(delay, MAX_DELAY_MS) : 1;
}

/** Calls a function once, after some milliseconds, as in the Web. @returns its number, for `clearTimeout` */
export function setTimeout(callback: () => unknown, ms?: number): number {
  return start(callback, toDelay(ms), undefined);
}

/** Calls a function again and again, as in the Web. @returns its number, for `clearInterval` */
export function setInterval(callback: () => unknown, ms?: number): number {
  const period = toDelay(ms);
  return start(callback, period, period);
}

/** Ends a timer. Nothing happens when it has ended already, or never was. */
export function clearTimeout(id: number | undefined): void {
  const timer = id === undefined ? undefined : timers.get(id);
  if (id !== undefined && timer !== undefined) {
    timers.delete(id);
    schedule(timer.pluginId);
  }
}

export const clearInterval = clearTimeout;

/**
 * Calls a function every so many milliseconds, for as long as the plugin lives or until the returned function is called. Not
 * again while a promise that it returned is pending. An error is logged, and the next call takes place all the same.
 *
 * @param ms - 1 to 2147483647
 * @throws RangeError when `ms` is something else
 *
 * @example
 * ```ts
 * setup({ config, fetch }) {
 *   every(30_000, async () => { keys = (await fetch("/keys", { cluster: config.cluster })).json(); });
 * }
 * ```
 */
export function every(ms: number, callback: () => unknown): () => void {
  if (!Number.isInteger(ms) || ms < 1 || ms > MAX_DELAY_MS) {
    throw new RangeError(`every: the period must be an integer from 1 to ${MAX_DELAY_MS}, not ${ms}`);
  }
  const id = start(callback, ms, ms);
  return () => {
    clearTimeout(id);
  };
}

handle("tick", onTick);

// The host's next tick finds none of them and stops; the plugin may be gone already.
onForgetPlugin((pluginId) => {
  for (const [id, timer] of [...timers]) {
    if (timer.pluginId === pluginId) {
      timers.delete(id);
    }
  }
});
