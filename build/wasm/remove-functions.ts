import { encodeBranchHints, MovedHints, readBranchHints } from "./branch-hints.ts";
import { encodeCode, functionCode } from "./code.ts";
import { encodeCustomSection } from "./custom-sections.ts";
import { readElements } from "./elements.ts";
import { concat, encodeI32, encodeName, encodeSection, encodeU32 } from "./encode.ts";
import { functionNames } from "./function-names.ts";
import { Op, readInstruction } from "./instructions.ts";
import { EXTERNAL_KINDS, readModule, readVector, SectionId } from "./module.ts";
import type { ModuleInfo } from "./module.ts";
import { Reader } from "./reader.ts";
import { referencesOf, skipLocals } from "./references.ts";
import { replaceSections } from "./rewrite.ts";

/**
 * The same module without the functions, imported ones included, that nothing reaches from its exports and its table. Of the custom
 * sections it has the functions' names and the hints for their branches.
 *
 * @param first - names of functions that lie before all others, in this order. V8 compiles a module's functions in their order, and a
 *   request finds the caches of the processor cold: what it runs should be on few pages.
 * @throws Error when it has an instruction that not all Proxy-Wasm hosts have
 */
export function removeFunctions(module: Uint8Array, first: readonly string[] = []): Uint8Array {
  const info = readModule(module);
  const code = functionCode(info);
  const kept = reached(info, code);
  const names = functionNames(info);
  const order = inOrder(kept, code, names, first);
  const renumber = new Map(order.map((index, at) => [index, at]));
  const oldHints = readBranchHints(info);
  const newIndex = (index: number) => renumber.get(index) ?? -1;
  const defined = order.flatMap((index) => {
    const body = code.get(index);
    return body === undefined ? [] : [[index, body] as const];
  });
  const rewritten = replaceSections(module, info, (section) => {
    switch (section.id) {
      case SectionId.Custom:
        return new Uint8Array();
      case SectionId.Import:
        return encodeSection(section.id, keepImports(section.content, kept));
      case SectionId.Function: {
        const types = readVector([section], section.id, (reader) => reader.u32());
        const first = info.functions.length - types.length;
        return encodeSection(section.id, vector(defined.map(([index]) => encodeU32(types[index - first] ?? 0))));
      }
      case SectionId.Export:
        return encodeSection(section.id, exportsOf(info, newIndex));
      case SectionId.Element: {
        const { offset, functions } = readElements(info);
        const header = [1, 0, 0x41, ...encodeI32(offset), 0x0b, ...encodeU32(functions.length)];
        return encodeSection(
          section.id,
          Uint8Array.from([...header, ...functions.flatMap((index) => encodeU32(newIndex(index)))]),
        );
      }
      case SectionId.Code: {
        const hints = new Map(defined.map(([index]) => [index, new MovedHints(oldHints.get(index))]));
        const bodies = defined.map(([index, body]) => withCalls(body, newIndex, hints.get(index)));
        const moved = [...hints].map(([index, { hints }]) => [newIndex(index), hints] as const);
        return concat([encodeBranchHints(new Map(moved)), encodeCode(bodies)]);
      }
      default:
        return section.bytes;
    }
  });
  return concat([rewritten, encodeNames(names, renumber)]);
}

function reached(info: ModuleInfo, code: ReadonlyMap<number, Uint8Array>): Set<number> {
  const waiting = [
    ...info.exports.filter(({ kind }) => kind === "function").map(({ index }) => index),
    ...readElements(info).functions,
  ];
  const kept = new Set(waiting);
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    const body = code.get(index);
    for (const callee of body === undefined ? [] : referencesOf(body).calls) {
      if (!kept.has(callee)) {
        kept.add(callee);
        waiting.push(callee);
      }
    }
  }
  return kept;
}

/** Imported functions come before a module's own, and stay as they are. */
function inOrder(
  kept: ReadonlySet<number>,
  code: ReadonlyMap<number, Uint8Array>,
  names: ReadonlyMap<number, string>,
  first: readonly string[],
): number[] {
  const ranks = new Map(first.map((name, at) => [name, at]));
  const rank = (index: number) => (code.has(index) ? (ranks.get(names.get(index) ?? "") ?? first.length) : -1);
  return [...kept].sort((a, b) => rank(a) - rank(b) || a - b);
}

/** Of a module that imports functions only. */
function keepImports(content: Uint8Array, kept: ReadonlySet<number>): Uint8Array {
  const reader = new Reader(content);
  let index = 0;
  const entries = reader.list(() => {
    const start = reader.offset;
    reader.name();
    reader.name();
    if (reader.byte() !== 0) {
      throw new Error("the runtime imports something that is no function");
    }
    reader.u32();
    return { index: index++, bytes: [...content.subarray(start, reader.offset)] };
  });
  return vector(entries.filter((entry) => kept.has(entry.index)).map(({ bytes }) => bytes));
}

function exportsOf(info: ModuleInfo, newIndex: (index: number) => number): Uint8Array {
  return vector(
    info.exports.map(({ name, kind, index }) => [
      ...encodeName(name),
      EXTERNAL_KINDS.indexOf(kind),
      ...encodeU32(kind === "function" ? newIndex(index) : index),
    ]),
  );
}

function withCalls(body: Uint8Array, newIndex: (index: number) => number, hints?: MovedHints): Uint8Array {
  const reader = new Reader(body);
  skipLocals(reader);
  const parts: Uint8Array[] = [];
  let copied = 0;
  let longer = 0; // than what was read
  while (!reader.atEnd) {
    const start = reader.offset;
    const { op, operands } = readInstruction(reader);
    hints?.move(start, start + longer);
    if (op === Op.Call) {
      const call = Uint8Array.from([op, ...encodeU32(newIndex(operands[0] ?? 0))]);
      parts.push(body.subarray(copied, start), call);
      copied = reader.offset;
      longer += call.length - (copied - start);
    }
  }
  return concat([...parts, body.subarray(copied)]);
}

const FUNCTION_NAMES = 1;

function encodeNames(names: ReadonlyMap<number, string>, renumber: ReadonlyMap<number, number>): Uint8Array {
  const entries = [...renumber].flatMap(([index, at]) => {
    const name = names.get(index);
    return name === undefined ? [] : [[...encodeU32(at), ...encodeName(name)]];
  });
  const content = vector(entries);
  return encodeCustomSection("name", Uint8Array.from([FUNCTION_NAMES, ...encodeU32(content.length), ...content]));
}

function vector(items: readonly (readonly number[])[]): Uint8Array {
  return Uint8Array.from([...encodeU32(items.length), ...items.flat()]);
}
