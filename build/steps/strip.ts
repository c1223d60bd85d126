import type { Parts } from "../engine/parts.ts";
import { keepExports } from "../wasm/exports.ts";
import { removeFunctions } from "../wasm/remove-functions.ts";

/**
 * Removes from a module what nothing reaches from the given exports, and custom sections but for the functions' names.
 *
 * @param profile - the functions that lie before all others, and those that may be put together with their callees
 * @throws Error when it has an instruction that not all Proxy-Wasm hosts have
 */
export function strip(
  module: Uint8Array,
  exports: readonly string[],
  { requests, busy }: Pick<Parts, "requests" | "busy">,
): Uint8Array {
  return removeFunctions(keepExports(module, exports), { first: requests, keepApart: { except: busy } });
}
