/** Runs the filter's hooks and turns what they return, throw or promise into what the host needs: src/shim/hooks.c for Node. */

import { Action, Status } from "../../../../src/abi/index.ts";
import { boundary } from "./boundary.ts";
import { bodyMode, endMessage, messageView, useContext } from "./contexts.ts";
import { forgetDelayed } from "./delayed.ts";
import { call, freeAll } from "./memory.ts";
import { serialize } from "./pairs.ts";
import { ARRIVED, vm } from "./state.ts";
import type { AnyFunction, Filter, Message, PausedHook, Stream } from "./state.ts";
import { reportUncaught, utf8 } from "./values.ts";

/** The hooks for what arrives in each direction of a stream. */
interface Arrivals {
  readonly headers?: string;
  readonly body: string;
  readonly trailers?: string;
}

const HTTP: readonly [Arrivals, Arrivals] = [
  { headers: "onRequestHeaders", body: "onRequestBody", trailers: "onRequestTrailers" },
  { headers: "onResponseHeaders", body: "onResponseBody", trailers: "onResponseTrailers" },
];

const NETWORK: readonly [Arrivals, Arrivals] = [
  { headers: "onNewConnection", body: "onDownstreamData" },
  { body: "onUpstreamData" },
];

function arrivalsOf(message: Message): Arrivals {
  const [down, up] = message.stream.plugin.filter?.network === true ? NETWORK : HTTP;
  return message.isRequest ? down : up;
}

export function hasHook(filter: Filter | undefined, hook: string | undefined): boolean {
  return hook !== undefined && filter?.definition[hook] !== undefined;
}

function hookOf(message: Message, hook: string): AnyFunction {
  return message.stream.plugin.filter?.definition[hook] as AnyFunction;
}

/** Reports an uncaught error of a hook. True: the stream was answered. */
function reportError(message: Message, hook: string, error: unknown): boolean {
  const { plugin, id } = message.stream;
  try {
    return vm.sdk.onError(messageView(message) as never, error, hook, plugin.filter?.definition as never);
  } catch (failure) {
    reportUncaught("an uncaught error could not be reported:", failure);
    const none = new Uint8Array();
    return useContext(id) && call("proxy_send_local_response", 500, none, none, serialize([]), -1) === Status.Ok;
  }
}

function concludeError(message: Message, error: unknown): Action {
  return reportError(message, message.hook, error) ? Action.Pause : Action.Continue;
}

function concludeValue(message: Message, value: unknown): Action {
  if (value === undefined) {
    return Action.Continue;
  }
  try {
    vm.sdk.onResult(messageView(message) as never, value, message.hook);
  } catch (error) {
    return concludeError(message, error);
  }
  return Action.Pause;
}

const ready: PausedHook[] = [];

/** Runs a hook that can pause its direction of the stream. */
function runHook(message: Message, hook: string): Action {
  const { plugin } = message.stream;
  const view = messageView(message);
  const run = hookOf(message, hook);
  const definition = plugin.filter?.definition;
  message.hook = hook;
  let value: unknown;
  try {
    value = plugin.settingUp
      ? vm.sdk.waitForSetup?.(view as never, plugin.context as never, run as never, definition as never)
      : run.call(definition, view, plugin.context);
  } catch (error) {
    return concludeError(message, error);
  }
  if (!boundary.isPromise(value)) {
    return concludeValue(message, value);
  }
  const paused: PausedHook = { message };
  const settle = (rejected: boolean) => (result: unknown) => {
    paused.settled = { rejected, value: result };
    if (message.paused === paused) {
      ready.push(paused);
    } else if (abandoned.has(paused) && rejected) {
      unhandled.push(result);
    }
  };
  void Promise.prototype.then.call(value, settle(false), settle(true));
  boundary.runMicrotasks();
  const { settled } = paused as { settled?: PausedHook["settled"] };
  if (settled !== undefined) {
    return conclude(message, settled);
  }
  message.paused = paused;
  return Action.Pause;
}

/** Hooks whose streams are gone. An error of theirs is reported as any unhandled rejection. */
const abandoned = new WeakSet<PausedHook>();
const unhandled: unknown[] = [];

export function reportRejection(reason: unknown): void {
  try {
    vm.sdk.onUnhandledRejection(reason);
  } catch (error) {
    reportUncaught("an unhandled rejection could not be reported:", error);
  }
}

function conclude(message: Message, { rejected, value }: NonNullable<PausedHook["settled"]>): Action {
  return rejected ? concludeError(message, value) : concludeValue(message, value);
}

function closeBody(message: Message): void {
  message.bodyOpen = false;
  message.bodyStart = message.bodyEnd;
}

/** Takes something that has arrived, if it has. */
function take(message: Message, what: number): boolean {
  const has = (message.arrived & what) !== 0;
  message.arrived &= ~what;
  return has;
}

/** After the hook of the headers, which may want to know the length that the sender has told. */
function removeContentLength(message: Message): void {
  message.lengthGoes = false;
  if (useContext(message.stream.id)) {
    call("proxy_remove_header_map_value", message.headers.type, utf8("content-length"));
  }
}

/** Gives what has arrived to its hooks, one after the other, until one pauses. */
function runArrived(message: Message): Action {
  const { filter } = message.stream.plugin;
  const hooks = arrivalsOf(message);
  const run = (hook: string | undefined): Action =>
    hook !== undefined && hasHook(filter, hook) ? runHook(message, hook) : Action.Continue;
  if (take(message, ARRIVED.headers) && run(hooks.headers) !== Action.Continue) {
    return Action.Pause;
  }
  if (message.lengthGoes) {
    removeContentLength(message);
  }
  const mode = bodyMode(message);
  const looksAtBody = hasHook(filter, hooks.body);
  if ((message.arrived & ARRIVED.body) !== 0) {
    if (looksAtBody) {
      if (!message.bodyComplete && mode !== "stream" && mode !== "inspect") {
        return Action.Pause;
      }
      take(message, ARRIVED.body);
      message.bodyEnd = message.bodySize;
      message.bodyOpen = true;
      const action = runHook(message, hooks.body);
      if (message.paused === undefined) {
        closeBody(message);
      }
      if (action !== Action.Continue) {
        return action;
      }
    }
    take(message, ARRIVED.body);
  }
  if (looksAtBody && mode === "inspect" && message.bodySize > 0 && !message.bodyComplete) {
    return Action.Pause; // what was seen waits for the rest
  }
  if (take(message, ARRIVED.trailers) && run(hooks.trailers) !== Action.Continue) {
    return Action.Pause;
  }
  message.bodySize = message.bodyStart = message.bodyEnd = 0; // the host sends on what it has held
  return Action.Continue;
}

/** A paused hook's promise has settled: the stream goes on, unless something else of it waits. */
function resume({ message, settled }: PausedHook): void {
  message.paused = undefined;
  const headersWaited = message.hook === arrivalsOf(message).headers;
  let action: Action = settled === undefined ? Action.Continue : conclude(message, settled);
  if (message.bodyOpen) {
    closeBody(message);
  }
  if (action === Action.Continue) {
    action = runArrived(message);
  }
  if (message.inCallback) {
    message.action = action;
  } else if (action === Action.Continue && !message.stream.closed && useContext(message.stream.id)) {
    message.replay = headersWaited ? "started" : "none";
    call("proxy_continue_stream", message.streamType);
  }
}

/** The last part of every callback: runs the microtasks, and lets go on the streams whose hooks have finished. */
export function leaveCallback(): void {
  boundary.runMicrotasks();
  for (let hook = ready.shift(); hook !== undefined; hook = ready.shift()) {
    resume(hook);
    boundary.runMicrotasks();
  }
  for (const reason of unhandled.splice(0)) {
    reportRejection(reason);
  }
}

export function enterCallback(contextId: number, pluginId: number): void {
  vm.effectiveContext = contextId;
  vm.pluginId = pluginId;
}

/** Something has arrived for a message. While a hook is at work it only waits. */
export function arrive(message: Message, what: number): Action {
  message.arrived |= what;
  if (message.paused !== undefined) {
    return (message.action = Action.Pause);
  }
  enterCallback(message.stream.id, message.stream.plugin.id);
  message.inCallback = true;
  message.action = runArrived(message);
  leaveCallback();
  message.inCallback = false;
  return message.stream.closed ? Action.Pause : (message.action as Action);
}

/** Runs a hook that only looks on. */
export function observe(stream: Stream | undefined, hook: string, detail?: number): void {
  const filter = stream?.plugin.filter;
  if (stream === undefined || filter === undefined || !hasHook(filter, hook)) {
    return;
  }
  enterCallback(stream.id, stream.plugin.id);
  const message = stream.response;
  try {
    hookOf(message, hook).call(filter.definition, messageView(message), stream.plugin.context, detail);
  } catch (error) {
    reportError(message, hook, error);
  }
  leaveCallback();
}

export function endStream(stream: Stream): void {
  for (const message of [stream.request, stream.response]) {
    const { paused } = message;
    if (paused !== undefined) {
      abandoned.add(paused);
      const at = ready.indexOf(paused);
      if (at >= 0) {
        ready.splice(at, 1);
      }
      message.paused = undefined;
    }
    forgetDelayed(message);
    endMessage(message);
  }
}

let depth = 0;

/** Runs a callback of the host; what it has put into memory is free again after the outermost one. */
export function inCallback<T>(run: () => T): T {
  depth++;
  try {
    return run();
  } finally {
    depth--;
    if (depth === 0) {
      freeAll();
    }
  }
}
