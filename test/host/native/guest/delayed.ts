/** Messages that must not go on before the callback is over that brings their end: src/shim/delayed.c for Node. */

import { Action, Status } from "../../../../src/abi/index.ts";
import { useContext } from "./contexts.ts";
import { call } from "./memory.ts";
import { vm } from "./state.ts";
import type { Message, Plugin } from "./state.ts";

let delayed: Message[] = [];

/** A callback for the message's body. */
export function noteBody(message: Message): void {
  message.replay = message.replay === "started" ? "body" : "none";
}

/** Whether the host may be inside of proxy_continue_stream, when trailers arrive. */
export function mayBeReplayed(message: Message): boolean {
  return message.replay === "body" && message.action === Action.Pause;
}

/** False: the host does not tick. */
export function delay(message: Message): boolean {
  const { plugin } = message.stream;
  if (!plugin.tickBorrowed && !(useContext(plugin.id) && call("proxy_set_tick_period_milliseconds", 1) === Status.Ok)) {
    return false;
  }
  plugin.tickBorrowed = true;
  delayed.unshift(message);
  return true;
}

export function forgetDelayed(message: Message): void {
  delayed = delayed.filter((other) => other !== message);
}

/** The program asks for ticks. While one is borrowed the host is not told. */
export function setTickPeriod(period: number): Status {
  const plugin = vm.streams.get(vm.effectiveContext)?.plugin ?? vm.plugins.get(vm.effectiveContext);
  if (plugin !== undefined) {
    plugin.tickPeriod = period;
  }
  return plugin?.tickBorrowed === true ? Status.Ok : call("proxy_set_tick_period_milliseconds", period);
}

/** True: the tick was borrowed, and is early for the program. */
export function returnTick(plugin: Plugin | undefined): boolean {
  if (plugin?.tickBorrowed !== true) {
    return false;
  }
  plugin.tickBorrowed = false;
  vm.effectiveContext = plugin.id;
  call("proxy_set_tick_period_milliseconds", plugin.tickPeriod);
  const ready = delayed.filter(({ stream }) => stream.plugin === plugin);
  delayed = delayed.filter(({ stream }) => stream.plugin !== plugin);
  for (const { stream, streamType } of ready) {
    if (!stream.closed && useContext(stream.id)) {
      call("proxy_continue_stream", streamType);
    }
  }
  return true;
}
