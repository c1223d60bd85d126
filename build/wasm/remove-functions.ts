import { encodeBranchHints, readBranchHints } from "./branch-hints.ts";
import type { BodyHints } from "./branch-hints.ts";
import { functionCode } from "./code.ts";
import { encodeCustomSection } from "./custom-sections.ts";
import { encodeElements, readElements } from "./elements.ts";
import { concat, encodeName, encodeSection, encodeU32, sizeOfU32, Writer } from "./encode.ts";
import { functionNames } from "./function-names.ts";
import { fillerBodies, inliningBarriers } from "./inlining-barriers.ts";
import { Op } from "./instructions.ts";
import { EXTERNAL_KINDS, readModule, readSignatures, readVector, SectionId, signature } from "./module.ts";
import type { ModuleInfo } from "./module.ts";
import { Reader } from "./reader.ts";
import { callsOfReached } from "./reached.ts";
import { skipLocals } from "./references.ts";
import type { DirectCall } from "./references.ts";
import { replaceSections } from "./rewrite.ts";

export interface RemoveOptions {
  /**
   * Names of functions that lie before all others, in this order. V8 compiles a module's functions in their order, and a request finds the
   * caches of the processor cold: what it runs should be on few pages.
   */
  readonly first?: readonly string[];
  /** Keeps functions from being put into their callers (inlining-barriers.ts), but for some callers, by name. Default: none are kept. */
  readonly keepApart?: { readonly except: readonly string[] };
}

/**
 * The same module without the functions, imported ones included, that nothing reaches from its exports and its table. Of the custom
 * sections it has the functions' names and the hints for their branches.
 *
 * @throws Error when it has an instruction that not all Proxy-Wasm hosts have
 */
export function removeFunctions(module: Uint8Array, { first = [], keepApart }: RemoveOptions = {}): Uint8Array {
  const info = readModule(module);
  const code = functionCode(info);
  const calls = callsOfReached(info, code);
  const kept = new Set(calls.keys());
  const names = functionNames(info);
  const order = inOrder(kept, code, names, first);
  const imported = order.filter((index) => !code.has(index)).length;
  const fillers = keepApart === undefined ? [] : fillerBodies();
  const renumber = new Map(order.map((index, at) => [index, at < imported ? at : at + fillers.length]));
  const oldHints = readBranchHints(info);
  const newIndex = (index: number) => renumber.get(index) ?? -1;
  const defined = order.flatMap((index) => {
    const body = code.get(index);
    return body === undefined ? [] : [newFunction(index, body, calls.get(index) ?? [], newIndex)];
  });
  const free = new Set(keepApart?.except);
  const barriers = keepApart && barriersOf(defined, ({ index }) => free.has(names.get(index) ?? ""), imported);
  const rewritten = replaceSections(module, info, (section) => {
    switch (section.id) {
      case SectionId.Custom:
        return new Uint8Array();
      case SectionId.Import:
        return encodeSection(section.id, keepImports(section.content, kept));
      case SectionId.Function: {
        const types = readVector([section], section.id, (reader) => reader.u32());
        const first = info.functions.length - types.length;
        const ofFillers = fillers.length === 0 ? [] : new Array<number>(fillers.length).fill(typeOfNothing(info));
        const ofOthers = defined.map(({ index }) => types[index - first] ?? 0);
        return encodeSection(section.id, vector([...ofFillers, ...ofOthers].map(encodeU32)));
      }
      case SectionId.Export:
        return encodeSection(section.id, exportsOf(info, newIndex));
      case SectionId.Element: {
        const { offset, functions } = readElements(info);
        return encodeElements({ offset, functions: functions.map(newIndex) });
      }
      case SectionId.Code: {
        const bodies = new Writer().u32(fillers.length + defined.length);
        for (const filler of fillers) {
          bodies.u32(filler.length).write(filler);
        }
        const hints = new Map(
          defined.map((written, at) => [
            newIndex(written.index),
            writeBody(bodies, written, newIndex, oldHints.get(written.index), barriers?.[at]),
          ]),
        );
        return concat([encodeBranchHints(hints), encodeSection(section.id, bodies.bytes)]);
      }
      default:
        return section.bytes;
    }
  });
  return concat([rewritten, encodeNames(names, renumber)]);
}

/** @throws Error when no function of the module has it, as proxy_abi_version_0_2_1 does */
function typeOfNothing(info: ModuleInfo): number {
  const type = readSignatures(info).indexOf(signature([], []));
  if (type === -1) {
    throw new Error("the module has no function without parameters and results");
  }
  return type;
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

/** A function of the module itself, as it is written. */
interface NewFunction {
  readonly index: number;
  readonly body: Uint8Array;
  readonly calls: readonly DirectCall[];
  /** How many bytes longer each call becomes by the callee's new index. */
  readonly longer: readonly number[];
}

function newFunction(
  index: number,
  body: Uint8Array,
  calls: readonly DirectCall[],
  newIndex: (index: number) => number,
): NewFunction {
  const longer = calls.map(({ start, end, callee }) => 1 + sizeOfU32(newIndex(callee)) - (end - start));
  return { index, body, calls, longer };
}

function lengthOf({ body, longer }: NewFunction): number {
  return longer.reduce((length, more) => length + more, body.length);
}

/** @param firstFiller - the index of the first of the functions that use up a host's budget */
function barriersOf(
  functions: readonly NewFunction[],
  isFree: (caller: NewFunction) => boolean,
  firstFiller: number,
): Uint8Array[] {
  const places = new Map(functions.map(({ index }, at) => [index, at]));
  const shapes = functions.map((caller) => ({
    length: lengthOf(caller),
    callees: isFree(caller) ? [] : caller.calls.flatMap(({ callee }) => places.get(callee) ?? []),
  }));
  return inliningBarriers(shapes, firstFiller);
}

/** Writes the code with the functions' new indices, after a barrier. @returns its hints at their new places */
function writeBody(
  code: Writer,
  written: NewFunction,
  newIndex: (index: number) => number,
  hints: BodyHints = new Map(),
  barrier: Uint8Array = new Uint8Array(),
): BodyHints {
  const { body, calls, longer } = written;
  code.u32(lengthOf(written) + barrier.length);
  let copied = 0;
  if (barrier.length > 0) {
    const reader = new Reader(body);
    skipLocals(reader);
    copied = reader.offset;
    code.write(body.subarray(0, copied)).write(barrier);
  }
  for (const { start, end, callee } of calls) {
    code.write(body.subarray(copied, start)).byte(Op.Call).u32(newIndex(callee));
    copied = end;
  }
  code.write(body.subarray(copied));
  const moved = new Map<number, boolean>();
  let [passed, moves] = [0, barrier.length];
  for (const [offset, likely] of hints) {
    for (let call = calls[passed]; call !== undefined && call.start < offset; call = calls[++passed]) {
      moves += longer[passed] ?? 0;
    }
    moved.set(offset + moves, likely);
  }
  return moved;
}

const FUNCTION_NAMES = 1;

function encodeNames(names: ReadonlyMap<number, string>, renumber: ReadonlyMap<number, number>): Uint8Array {
  const named = [...renumber].flatMap(([index, at]) => {
    const name = names.get(index);
    return name === undefined ? [] : [{ at, name }];
  });
  const entries = new Writer().u32(named.length);
  for (const { at, name } of named) {
    entries.u32(at).write(encodeName(name));
  }
  return encodeCustomSection(
    "name",
    new Writer().byte(FUNCTION_NAMES).u32(entries.bytes.length).write(entries.bytes).bytes,
  );
}

function vector(items: readonly (readonly number[])[]): Uint8Array {
  return Uint8Array.from([...encodeU32(items.length), ...items.flat()]);
}
