import { readElements } from "./elements.ts";
import type { ModuleInfo } from "./module.ts";
import { directCalls } from "./references.ts";
import type { DirectCall } from "./references.ts";

/** The functions that a module's exports and its table name. */
export function rootsOf(info: ModuleInfo): number[] {
  return [
    ...info.exports.filter(({ kind }) => kind === "function").map(({ index }) => index),
    ...readElements(info).functions,
  ];
}

/** The calls in each function that a module's exports and its table lead to, by its index; imported ones have none. */
export function callsOfReached(
  info: ModuleInfo,
  code: ReadonlyMap<number, Uint8Array>,
): Map<number, readonly DirectCall[]> {
  const waiting = rootsOf(info);
  const calls = new Map<number, readonly DirectCall[]>();
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    if (!calls.has(index)) {
      const body = code.get(index);
      const found = body === undefined ? [] : directCalls(body);
      calls.set(index, found);
      waiting.push(...found.map(({ callee }) => callee));
    }
  }
  return calls;
}
