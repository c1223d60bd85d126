import { encodeCode, functionCode } from "../../build/wasm/code.ts";
import { concat } from "../../build/wasm/encode.ts";
import { functionNames } from "../../build/wasm/function-names.ts";
import { Op, readInstruction } from "../../build/wasm/instructions.ts";
import { readModule, SectionId } from "../../build/wasm/module.ts";
import { Reader } from "../../build/wasm/reader.ts";
import { skipLocals } from "../../build/wasm/references.ts";
import { replaceSections } from "../../build/wasm/rewrite.ts";
import { Counters } from "./counters.ts";

/** A module that counts its instructions, each function's in a counter of its own. */
export interface MeteredModule {
  readonly bytes: Uint8Array;
  /** The names of the functions. */
  readonly functions: readonly MeteredFunction[];
}

export interface MeteredFunction {
  readonly name: string;
  /** The export with the count of its instructions, an i64. */
  readonly instructions: string;
  /** The export with the count of its calls, an i64. */
  readonly calls: string;
}

/** What only gives code its structure: it is nothing in a machine's code. */
const STRUCTURE: ReadonlySet<number> = new Set([Op.Block, Op.Loop, Op.Else, Op.End]);
const JUMPS: ReadonlySet<number> = new Set([Op.Unreachable, Op.If, Op.Br, Op.BrIf, Op.BrTable, Op.Return]);

/**
 * Adds counters to a module: before each run of instructions that control enters only at its start and leaves only at its end, it
 * adds their number. The counts are exact, and the same in every run; what an instruction costs is not in them, and `memory.copy` is one.
 */
export function meter(module: Uint8Array): MeteredModule {
  const info = readModule(module);
  const names = functionNames(info);
  const code = [...functionCode(info)];
  const functions = code.map(([index]) => ({
    name: names.get(index) ?? `function ${index}`,
    instructions: `instructions of ${index}`,
    calls: `calls of ${index}`,
  }));
  const counters = new Counters(
    info,
    functions.flatMap(({ instructions, calls }) => [instructions, calls]),
  );
  const bytes = replaceSections(module, info, (section) =>
    section.id === SectionId.Code
      ? encodeCode(code.map(([, body], at) => meteredBody(body, counters, 2 * at)))
      : (counters.addTo(section) ?? section.bytes),
  );
  return { bytes, functions };
}

/** @param counter - of its instructions; the next one counts its calls */
function meteredBody(body: Uint8Array, counters: Counters, counter: number): Uint8Array {
  const reader = new Reader(body);
  skipLocals(reader);
  const parts: Uint8Array[] = [body.subarray(0, reader.offset), counters.addition(counter + 1, 1)];
  while (!reader.atEnd) {
    const start = reader.offset;
    const instructions = readRun(reader);
    parts.push(...(instructions > 0 ? [counters.addition(counter, instructions)] : []));
    parts.push(body.subarray(start, reader.offset));
  }
  return concat(parts);
}

/** Reads instructions up to the first after which control may go elsewhere. Returns how many of them count. */
function readRun(reader: Reader): number {
  let instructions = 0;
  while (!reader.atEnd) {
    const { op } = readInstruction(reader);
    instructions += STRUCTURE.has(op) ? 0 : 1;
    if (STRUCTURE.has(op) || JUMPS.has(op)) {
      break;
    }
  }
  return instructions;
}
