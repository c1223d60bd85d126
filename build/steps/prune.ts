import { addFunctions } from "../wasm/add-functions.ts";
import { readElements, withElements } from "../wasm/elements.ts";
import { readModule } from "../wasm/module.ts";
import type { Signature } from "../wasm/module.ts";

/** The exports of src/shim/prune.c that stand in for what was taken out. */
const STAND_IN = "removed_";

/**
 * Takes functions that nothing leads to out of the table of functions, so that the next step can drop them. In their places are
 * others of the same signature: those of src/shim/prune.c throw, and for other signatures one is made that returns zero.
 *
 * @param dead - their places in the table
 */
export function prune(module: Uint8Array, dead: ReadonlySet<number>): Uint8Array {
  const info = readModule(module);
  const { offset, functions } = readElements(info);
  const standIns = new Map<Signature | undefined, number>(
    info.exports.filter(({ name }) => name.startsWith(STAND_IN)).map(({ signature, index }) => [signature, index]),
  );
  const signatures = functions.flatMap((index, at) => (dead.has(offset + at) ? [info.functions[index] ?? ""] : []));
  const others = [...new Set(signatures)].filter((signature) => !standIns.has(signature));
  others.forEach((signature, at) => standIns.set(signature, info.functions.length + at));
  return withElements(addFunctions(module, others), {
    offset,
    functions: functions.map((index, at) =>
      dead.has(offset + at) ? (standIns.get(info.functions[index]) ?? index) : index,
    ),
  });
}
