import { readElements } from "../wasm/elements.ts";
import { dataSegmentNames, functionNames } from "../wasm/function-names.ts";
import { functionCode } from "../wasm/code.ts";
import { dataSegments } from "../wasm/data.ts";
import { readModule } from "../wasm/module.ts";
import type { ModuleInfo } from "../wasm/module.ts";
import { referencesOf } from "../wasm/references.ts";

/**
 * What refers to what in the runtime's C code, after LLVM's passes: with it a build finds out what a program can still reach
 * (build/steps/reach.ts). Functions are numbered; so are the constants.
 */
export interface Graph {
  readonly functions: readonly FunctionNode[];
  readonly constants: readonly Constant[];
  /** The functions that the runtime exports, by the exports' names. */
  readonly exports: Readonly<Record<string, number>>;
  /** The table of functions: its first place, and the function at each from there on; -1: an import. */
  readonly table: { readonly offset: number; readonly functions: readonly number[] };
}

/** What a function's code refers to. */
export interface FunctionNode {
  readonly name: string;
  readonly calls: readonly number[];
  /** Functions whose address it takes. */
  readonly addresses: readonly number[];
  readonly constants: readonly number[];
}

/** A constant of the C code, and where it is in memory. What it refers to is read there. */
export interface Constant {
  readonly offset: number;
  readonly length: number;
  /** It is a list of so large entries, and the heap has pointers to single ones. */
  readonly entry?: number;
}

/** sizeof(JSCFunctionListEntry) in wasm32. */
const LIST_ENTRY_BYTES = 16;

/**
 * @param ir - LLVM IR of the whole unit, as the passes leave it
 * @param linked - the module that the linker makes of it, with a data segment for each constant and with names
 * @param lists - the C arrays of builtins
 */
export function readGraph(ir: string, linked: Uint8Array, lists: ReadonlySet<string>): Graph {
  const { bodies, constantNames } = readIr(ir);
  const info = readModule(linked);
  const names = functionNames(info);
  const places = placesOf(info, constantNames);
  addLinkedCode(info, names, bodies, places);
  const functionNumbers = new Map([...bodies.keys()].map((name, at) => [name, at]));
  const constantNumbers = new Map([...places.keys()].map((name, at) => [name, at]));
  const numbersOf = (names: Iterable<string>, numbers: ReadonlyMap<string, number>) =>
    [...names].flatMap((name) => numbers.get(name) ?? []);
  const { offset, functions: elements } = readElements(info);
  return {
    functions: [...bodies].map(([name, { calls, refers }]) => ({
      name,
      calls: numbersOf(calls, functionNumbers),
      addresses: numbersOf(refers, functionNumbers),
      constants: numbersOf(refers, constantNumbers),
    })),
    constants: [...places].map(([name, place]) => (lists.has(name) ? { ...place, entry: LIST_ENTRY_BYTES } : place)),
    exports: Object.fromEntries(
      info.exports
        .filter(({ kind }) => kind === "function")
        .map(({ name, index }) => [name, functionNumbers.get(names.get(index) ?? "") ?? -1]),
    ),
    table: { offset, functions: elements.map((index) => functionNumbers.get(names.get(index) ?? "") ?? -1) },
  };
}

interface Body {
  readonly calls: Set<string>;
  /** Names that are no callee: functions and constants. */
  readonly refers: Set<string>;
}

function readIr(ir: string): { bodies: Map<string, Body>; constantNames: string[] } {
  const bodies = new Map<string, Body>();
  const constantNames: string[] = [];
  let body: Body | undefined;
  for (const line of ir.split("\n")) {
    const defined = /^define [^@]*@"?([\w.$]+)"?\(/.exec(line)?.[1];
    if (defined !== undefined) {
      body = { calls: new Set(), refers: new Set() };
      bodies.set(defined, body);
    } else if (line === "}") {
      body = undefined;
    } else if (body !== undefined) {
      // A name with a parenthesis after it is what a call calls.
      for (const [, name = "", parenthesis] of line.matchAll(/@"?([\w.$]+)"?(\()?/g)) {
        (parenthesis === undefined ? body.refers : body.calls).add(name);
      }
    } else {
      const constant = /^@"?([\w.$]+)"? = .*?\bconstant\b/.exec(line)?.[1];
      if (constant !== undefined) {
        constantNames.push(constant);
      }
    }
  }
  return { bodies, constantNames };
}

type Places = Map<string, Pick<Constant, "offset" | "length">>;

/**
 * Where constants are: each is a segment of its own. One that is missing there has been merged or left out. Those of the C
 * library are there under their names as well.
 */
function placesOf(linked: ModuleInfo, constantNames: readonly string[]): Places {
  const segments = dataSegments(linked.sections);
  // A private name of IR, ".str", is ".L.str" for the linker.
  const known = new Map<string, string>(
    constantNames.flatMap((name) => [[`.rodata.${name}`, name] as const, [`.rodata..L${name}`, name] as const]),
  );
  return new Map(
    [...dataSegmentNames(linked)].flatMap(([at, segmentName]) => {
      const segment = segments[at];
      const name = known.get(segmentName) ?? (segmentName.startsWith(".rodata") ? segmentName : undefined);
      return segment?.offset === undefined || name === undefined
        ? []
        : [[name, { offset: segment.offset, length: segment.length }] as const];
    }),
  );
}

/** A base address may be so far from the constant, when an index is added to it. */
const REACH_BYTES = 64;

/**
 * Adds what only the linked code tells: all of the C library's functions, of which there is no IR, with the constants whose addresses
 * are in their code; and of the others the calls for which IR has instructions and intrinsics: frem is fmod, llvm.pow.f64 is pow.
 */
function addLinkedCode(
  linked: ModuleInfo,
  names: ReadonlyMap<number, string>,
  bodies: Map<string, Body>,
  places: Places,
): void {
  const fromIr = new Set(bodies.keys());
  for (const [index, code] of functionCode(linked)) {
    const name = names.get(index) ?? String(index);
    const { calls, values } = referencesOf(code);
    const body = bodies.get(name) ?? { calls: new Set(), refers: new Set() };
    bodies.set(name, body);
    for (const callee of calls) {
      body.calls.add(names.get(callee) ?? "");
    }
    if (!fromIr.has(name)) {
      for (const [constant, { offset, length }] of places) {
        if ([...values].some((value) => value > offset - REACH_BYTES && value < offset + length + REACH_BYTES)) {
          body.refers.add(constant);
        }
      }
    }
  }
}
