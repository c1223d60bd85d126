import { handle } from "./hostcalls.ts";

// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- a function without a return statement has the type void
type VmStartResult = void | boolean;

const listeners: ((configuration: string) => VmStartResult)[] = [];

/**
 * Calls a function when a VM starts, before its plugins are configured, with the VM's configuration (Envoy: `vm_config.configuration`)
 * as text. A VM starts in each worker, and once more for a check. Returning false or throwing refuses to start.
 *
 * Call it at the top level. Spec: `proxy_on_vm_start`.
 *
 * @example
 * ```ts
 * let region = "";
 * onVmStart((configuration) => {
 *   region = configuration;
 * });
 * ```
 */
export function onVmStart(callback: (configuration: string) => VmStartResult): void {
  listeners.push(callback);
}

handle("vm_start", (configuration) => listeners.every((listener) => listener(configuration) !== false));
