import { get_plugin_id, handle } from "./hostcalls.ts";
import { onForgetPlugin } from "./plugin-events.ts";

/** A call of the host, through the ABI's door for extensions of hosts. */
export interface ForeignFunctionCall {
  /** Which function the host means. */
  readonly functionId: number;
  readonly argument: Uint8Array;
  /** The host's id of the plugin's root context. */
  readonly pluginId: number;
}

interface Listener {
  /** 0: the listener was added at the top level, for every plugin. */
  readonly pluginId: number;
  readonly handler: (call: ForeignFunctionCall) => void;
}

const listeners: Listener[] = [];

/**
 * Calls a function when the host calls the plugin by a function of its own. Envoy itself never does; extensions of hosts may.
 * In `setup` it is for the plugin, at the top level for each plugin of the module. Spec: `proxy_on_foreign_function`.
 *
 * @returns a function that ends it
 *
 * @example
 * ```ts
 * setup({ log }) {
 *   onForeignFunction(({ functionId, argument }) => log.info(`${functionId}: ${argument.length} bytes`));
 * }
 * ```
 */
export function onForeignFunction(handler: (call: ForeignFunctionCall) => void): () => void {
  const listener = { pluginId: get_plugin_id(), handler };
  listeners.push(listener);
  return () => {
    remove(listener);
  };
}

function remove(listener: Listener): void {
  const index = listeners.indexOf(listener);
  if (index >= 0) {
    listeners.splice(index, 1);
  }
}

handle("foreign_function", (pluginId, functionId, argument) => {
  for (const listener of [...listeners]) {
    if (listener.pluginId === 0 || listener.pluginId === pluginId) {
      listener.handler({ functionId, argument, pluginId });
    }
  }
});

onForgetPlugin((pluginId) => {
  for (const listener of listeners.filter((candidate) => candidate.pluginId === pluginId)) {
    remove(listener);
  }
});
