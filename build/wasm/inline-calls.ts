import { readBranchHints, withCode } from "./branch-hints.ts";
import type { BodyHints } from "./branch-hints.ts";
import { encodeCode, functionCode } from "./code.ts";
import { functionNames } from "./function-names.ts";
import { withCallees } from "./inlined-body.ts";
import type { FunctionBody } from "./inlined-body.ts";
import { readModule, signatureTypes } from "./module.ts";
import { callsOfReached, rootsOf } from "./reached.ts";

/**
 * Puts functions into their only callers. The runtime is compiled for all filters at once, and what one filter needs of it has many
 * functions that are called from one place. By itself each is a piece of machine code more, which a request finds in no cache of the
 * processor. Nothing reaches them afterwards (remove-functions.ts).
 *
 * @param among - names of the functions that this is done with, as callers and as callees
 */
export function inlineOnlyCalls(module: Uint8Array, among: readonly string[]): Uint8Array {
  const info = readModule(module);
  const code = functionCode(info);
  const names = functionNames(info);
  const oldHints = readBranchHints(info);
  const listed = new Set(among);
  const isListed = (index: number) => listed.has(names.get(index) ?? "");
  const calls = callsOfReached(info, code);
  const times = new Map<number, number>();
  for (const { callee } of [...calls.values()].flat()) {
    times.set(callee, (times.get(callee) ?? 0) + 1);
  }
  const roots = new Set(rootsOf(info));
  const isInlined = (callee: number) =>
    code.has(callee) && isListed(callee) && times.get(callee) === 1 && !roots.has(callee);
  // This ends: in a circle of such functions, none would be called from outside, and so none reached.
  const expand = (index: number): FunctionBody => {
    const { params, results } = signatureTypes(info.functions[index]);
    const own = { params, results, body: code.get(index) ?? new Uint8Array(), hints: oldHints.get(index) ?? NO_HINTS };
    return isListed(index) ? withCallees(own, (callee) => (isInlined(callee) ? expand(callee) : undefined)) : own;
  };
  const hints = new Map(oldHints);
  const bodies = [...code].map(([index, body]) => {
    if (!calls.has(index) || !isListed(index)) {
      return body;
    }
    const expanded = expand(index);
    hints.set(index, expanded.hints);
    return expanded.body;
  });
  return withCode(module, info, hints, encodeCode(bodies));
}

const NO_HINTS: BodyHints = new Map();
