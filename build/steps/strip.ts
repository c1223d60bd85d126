import type { Parts } from "../engine/parts.ts";
import { keepExports } from "../wasm/exports.ts";
import { inlineOnlyCalls } from "../wasm/inline-calls.ts";
import { removeFunctions } from "../wasm/remove-functions.ts";

/**
 * Puts functions that requests run together with their only callers, and removes what nothing reaches from the given exports, and custom
 * sections but for the functions' names.
 *
 * @param profile - the functions that requests run, which lie before all others, and those that a host's compiler may put together with
 *   their callees
 * @param inlineCalls - whether they are put together
 * @throws Error when it has an instruction that not all Proxy-Wasm hosts have
 */
export function strip(
  module: Uint8Array,
  exports: readonly string[],
  { requests, busy }: Pick<Parts, "requests" | "busy">,
  inlineCalls = true,
): Uint8Array {
  const smaller = keepExports(module, exports);
  return removeFunctions(inlineCalls ? inlineOnlyCalls(smaller, requests) : smaller, {
    first: requests,
    keepApart: { except: busy },
  });
}
