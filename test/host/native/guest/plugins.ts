/** Plugins: their configuration, their setup, and the events that are theirs: src/shim/plugins.c for Node. */

import type { BufferType } from "../../../../src/abi/index.ts";
import { BufferType as Buffers } from "../../../../src/abi/index.ts";
import { enterCallback, leaveCallback } from "./hooks.ts";
import { call, OutBytes } from "./memory.ts";
import { vm } from "./state.ts";
import type { Plugin } from "./state.ts";
import { fromUtf8, reportUncaught } from "./values.ts";

/** Calls an event's handler, if there is one. True unless it threw or returned false. */
export function callHandler(event: string, pluginId: number, ...parameters: unknown[]): boolean {
  const handler = vm.handlers[event];
  if (handler === undefined) {
    return true;
  }
  enterCallback(pluginId, pluginId);
  let isAccepted = false;
  try {
    isAccepted = handler.call(undefined, ...parameters) !== false;
  } catch (error) {
    reportUncaught(event, error);
  }
  leaveCallback();
  return isAccepted;
}

export function loadBuffer(buffer: BufferType, size: number): Uint8Array {
  const out = new OutBytes();
  if (size > 0) {
    call("proxy_get_buffer_bytes", buffer, 0, size, out);
  }
  return out.bytes;
}

/** False, which refuses the configuration, after the SDK has logged why. */
export function configurePlugin(plugin: Plugin, size: number): boolean {
  enterCallback(plugin.id, plugin.id);
  const text = fromUtf8(loadBuffer(Buffers.PluginConfiguration, size));
  let accepted: readonly unknown[] | undefined;
  try {
    accepted = vm.sdk.configure(text, plugin.id);
  } catch (error) {
    reportUncaught("the plugin configuration could not be read:", error);
  }
  const filter = accepted === undefined ? undefined : vm.filters[Number(accepted[1])];
  if (accepted !== undefined && filter !== undefined) {
    plugin.context = accepted[0];
    plugin.filter = filter;
    plugin.settingUp = accepted[2] === true;
  }
  leaveCallback();
  return filter !== undefined;
}

export function endPlugin(plugin: Plugin): void {
  enterCallback(plugin.id, plugin.id);
  try {
    vm.sdk.forgetPlugin(plugin.id);
  } catch (error) {
    reportUncaught("what belonged to a plugin could not be forgotten:", error);
  }
  leaveCallback();
}
