import { get_environment } from "./hostcalls.ts";

let variables: Readonly<Record<string, string>> | undefined;

/**
 * The environment variables of the VM (Envoy: `vm_config.environment_variables`; Istio: `vmConfig.env`). A function, because at
 * the top level, which runs at build time, there are none yet.
 *
 * @throws Error when the host does not allow `environ_get`. Spec: WASI `environ_get`.
 *
 * @example
 * ```ts
 * setup() {
 *   const { UPSTREAM = "default" } = environment();
 * }
 * ```
 */
export function environment(): Readonly<Record<string, string>> {
  return (variables ??= Object.freeze(Object.fromEntries(get_environment().map(split))));
}

function split(variable: string): [string, string] {
  const at = variable.indexOf("=");
  return at < 0 ? [variable, ""] : [variable.slice(0, at), variable.slice(at + 1)];
}
