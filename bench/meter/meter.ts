import { functionBodies } from "../../build/wasm/code.ts";
import { concat, encodeI32, encodeName, encodeSection, encodeU32 } from "../../build/wasm/encode.ts";
import { functionNames } from "../../build/wasm/function-names.ts";
import { readGlobals, readModule, SectionId } from "../../build/wasm/module.ts";
import { Reader } from "../../build/wasm/reader.ts";
import { replaceSections } from "../../build/wasm/rewrite.ts";
import { readInstruction } from "./instructions.ts";

/** A module that counts its instructions, each function's in a global of its own. */
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

const GLOBAL_KIND = 3;
const I64 = 0x7e;
const END = 0x0b;

/**
 * Adds counters to a module: before each run of instructions that control enters only at its start and leaves only at its end, it
 * adds their number. The counts are exact, and the same in every run; what an instruction costs is not in them, and `memory.copy` is one.
 */
export function meter(module: Uint8Array): MeteredModule {
  const info = readModule(module);
  const names = functionNames(info);
  const firstGlobal = info.imports.filter(({ kind }) => kind === "global").length + readGlobals(info).length;
  const bodies = functionBodies(info);
  const functions = bodies.map(({ index }) => ({
    name: names.get(index) ?? `function ${index}`,
    instructions: `instructions of ${index}`,
    calls: `calls of ${index}`,
  }));
  const globalsOf = (at: number) => ({ instructions: firstGlobal + 2 * at, calls: firstGlobal + 2 * at + 1 });
  const bytes = replaceSections(module, info, (section) => {
    switch (section.id) {
      case SectionId.Global:
        return append(
          section,
          functions.flatMap(() => [newGlobal(), newGlobal()]),
        );
      case SectionId.Export:
        return append(
          section,
          functions.flatMap(({ instructions, calls }, at) => [
            exportOf(instructions, globalsOf(at).instructions),
            exportOf(calls, globalsOf(at).calls),
          ]),
        );
      case SectionId.Code:
        return encodeSection(section.id, meteredCode(section.content, globalsOf));
      default:
        return section.bytes;
    }
  });
  return { bytes, functions };
}

interface Counters {
  readonly instructions: number;
  readonly calls: number;
}

function append(
  { id, content }: { readonly id: number; readonly content: Uint8Array },
  items: Uint8Array[],
): Uint8Array {
  const reader = new Reader(content);
  const count = reader.u32() + items.length;
  return encodeSection(id, concat([Uint8Array.from(encodeU32(count)), content.subarray(reader.offset), ...items]));
}

/** A mutable i64 that begins with 0. */
function newGlobal(): Uint8Array {
  return Uint8Array.from([I64, 1, 0x42, 0, END]);
}

function exportOf(name: string, global: number): Uint8Array {
  return concat([encodeName(name), Uint8Array.from([GLOBAL_KIND, ...encodeU32(global)])]);
}

function meteredCode(content: Uint8Array, globalsOf: (at: number) => Counters): Uint8Array {
  const reader = new Reader(content);
  const bodies: Uint8Array[] = [];
  const count = reader.u32();
  for (let at = 0; at < count; at++) {
    const body = meteredBody(reader.slice(reader.u32()), globalsOf(at));
    bodies.push(Uint8Array.from(encodeU32(body.length)), body);
  }
  return concat([Uint8Array.from(encodeU32(count)), ...bodies]);
}

function meteredBody(body: Uint8Array, counters: Counters): Uint8Array {
  const reader = new Reader(body);
  reader.list(() => {
    reader.u32(); // how many locals
    reader.byte(); // of which type
  });
  const parts: Uint8Array[] = [body.subarray(0, reader.offset), addition(counters.calls, 1)];
  while (!reader.atEnd) {
    const start = reader.offset;
    const instructions = readRun(reader);
    parts.push(...(instructions > 0 ? [addition(counters.instructions, instructions)] : []));
    parts.push(body.subarray(start, reader.offset));
  }
  return concat(parts);
}

/** Reads instructions up to the first after which control may go elsewhere. Returns how many of them count. */
function readRun(reader: Reader): number {
  let instructions = 0;
  while (!reader.atEnd) {
    const { counts, endsRun } = readInstruction(reader);
    instructions += counts ? 1 : 0;
    if (endsRun) {
      break;
    }
  }
  return instructions;
}

/** global.get, i64.const, i64.add, global.set: it leaves the stack as it was. */
function addition(global: number, count: number): Uint8Array {
  const index = encodeU32(global);
  return Uint8Array.from([0x23, ...index, 0x42, ...encodeI32(count), 0x7c, 0x24, ...index]);
}
