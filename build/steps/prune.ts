import { readElements, withElements } from "../wasm/elements.ts";
import { readModule } from "../wasm/module.ts";
import type { Signature } from "../wasm/module.ts";

/** The exports of src/shim/prune.c that stand in for what was taken out. */
const STAND_IN = "removed_";

/**
 * Takes builtins that no object of the snapshot holds out of the table of functions, so that the next step can drop them.
 *
 * @param prunable - the places in the table that only builtins' objects lead to
 * @param live - the places that objects of the snapshot lead to
 * @throws Error when a function's signature has no stand-in
 */
export function prune(module: Uint8Array, prunable: readonly number[], live: ReadonlySet<number>): Uint8Array {
  const info = readModule(module);
  const standIns = new Map<Signature | undefined, number>(
    info.exports.filter(({ name }) => name.startsWith(STAND_IN)).map(({ signature, index }) => [signature, index]),
  );
  const dead = new Set(prunable.filter((place) => !live.has(place)));
  const { offset, functions } = readElements(info);
  return withElements(module, {
    offset,
    functions: functions.map((index, at) => {
      if (!dead.has(offset + at)) {
        return index;
      }
      const standIn = standIns.get(info.functions[index]);
      if (standIn === undefined) {
        throw new Error(`a builtin has the signature ${info.functions[index] ?? "unknown"}, which has no stand-in`);
      }
      return standIn;
    }),
  });
}

/** Each word of a text, and each name, once, sorted, for src/shim/prune.c: nothing reaches a builtin by another name. */
export function wordsOf(script: string, names: readonly string[]): string {
  const words = new Set([...(script.match(/[\w$]+/g) ?? []), ...names]);
  return `\n${[...words].sort(compareBytes).join("\n")}\n`;
}

/** As C's strncmp does. */
function compareBytes(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
