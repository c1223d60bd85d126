import { keepExports } from "../wasm/exports.ts";
import { removeFunctions } from "../wasm/remove-functions.ts";

/**
 * Removes from a module what nothing reaches from the given exports, and custom sections but for the functions' names.
 *
 * @param first - names of functions that lie before all others
 * @throws Error when it has an instruction that not all Proxy-Wasm hosts have
 */
export function strip(module: Uint8Array, exports: readonly string[], first: readonly string[] = []): Uint8Array {
  return removeFunctions(keepExports(module, exports), { first, keepApart: true });
}
