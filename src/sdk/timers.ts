/**
 * Timers over the host's tick (spec: `proxy_set_tick_period_milliseconds`, `proxy_on_tick`). A timer belongs to the plugin in
 * whose callback it was started, and ends when that is configured again.
 *
 * @module
 */

import { describe } from "./describe.ts";
import {
  get_monotonic_time,
  get_plugin_id,
  handle,
  proxy_set_effective_context,
  proxy_set_tick_period_milliseconds,
} from "./hostcalls.ts";
import { log } from "./log.ts";
import { limits } from "./limits.ts";
import { onForgetPlugin, onJobsDropped } from "./plugin-events.ts";

interface Timer {
  readonly pluginId: number;
  readonly callback: () => unknown;
  /** Milliseconds between two runs; undefined: it runs once. */
  readonly period: number | undefined;
  /** When it runs next, as `now` counts. */
  due: number;
  /** An asynchronous callback is still at work. */
  busy: boolean;
}

const MAX_DELAY_MS = 2 ** 31 - 1;

const timers = new Map<number, Timer>();
/** When the host was asked to tick next, by plugin. */
const ticks = new Map<number, number>();
let lastId = 0;

/** Whole milliseconds of a clock that nobody sets back: timers would stand still for as long. */
function now(): number {
  return Math.floor(get_monotonic_time());
}

/** Asks the host to tick when the plugin's next timer is due. */
function schedule(pluginId: number, time: number): void {
  let next: number | undefined;
  for (const timer of timers.values()) {
    if (timer.pluginId === pluginId && (next === undefined || timer.due < next)) {
      next = timer.due;
    }
  }
  const period = next === undefined ? 0 : Math.max(1, Math.ceil(next - time));
  ticks.set(pluginId, time + period);
  proxy_set_effective_context(pluginId);
  proxy_set_tick_period_milliseconds(period);
}

function start(callback: () => unknown, delay: number, period: number | undefined): number {
  if (typeof callback !== "function") {
    throw new TypeError("a timer needs a function to call");
  }
  if (timers.size >= limits.timers) {
    throw new RangeError(`${timers.size} timers are set, which is the limit (limits.timers): clear some of them`);
  }
  const pluginId = get_plugin_id();
  const id = ++lastId;
  const time = now();
  timers.set(id, { pluginId, callback, period, due: time + delay, busy: false });
  schedule(pluginId, time);
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

/** @param isEarly - the shim needed a tick of its own (src/shim/delayed.c) */
function onTick(pluginId: number, isEarly: boolean): void {
  // The host's word counts: its timer may end a little early by this clock, and another tick for the rest would be a waste.
  const time = isEarly ? now() : Math.max(now(), ticks.get(pluginId) ?? 0);
  for (const [id, timer] of [...timers]) {
    if (timer.pluginId !== pluginId || timer.due > time || !timers.has(id)) {
      continue;
    }
    if (timer.period === undefined) {
      timers.delete(id);
    } else {
      timer.due = time + timer.period;
    }
    run(timer);
  }
  schedule(pluginId, Math.max(time, now()));
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
    schedule(timer.pluginId, now());
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

onJobsDropped((pluginId) => {
  for (const timer of timers.values()) {
    timer.busy &&= timer.pluginId !== pluginId;
  }
});

// The host's next tick finds none of them and stops; the plugin may be gone already.
onForgetPlugin((pluginId) => {
  ticks.delete(pluginId);
  for (const [id, timer] of [...timers]) {
    if (timer.pluginId === pluginId) {
      timers.delete(id);
    }
  }
});
