import { concat, encodeI32, encodeName, encodeU32 } from "../../build/wasm/encode.ts";
import { readGlobals, SectionId } from "../../build/wasm/module.ts";
import type { ModuleInfo, Section } from "../../build/wasm/module.ts";
import { append } from "../../build/wasm/rewrite.ts";

/** Counters that are added to a module: globals of their own, and exports by which they are read. */
export class Counters {
  readonly #first: number;
  readonly #names: readonly string[];

  /** @param names - of the exports, one for each counter */
  constructor(info: ModuleInfo, names: readonly string[]) {
    this.#first = info.imports.filter(({ kind }) => kind === "global").length + readGlobals(info).length;
    this.#names = names;
  }

  /** A module's section with the counters; undefined for those that they are not in. */
  addTo(section: Section): Uint8Array | undefined {
    switch (section.id) {
      case SectionId.Global:
        return append(section, this.#names.map(newGlobal));
      case SectionId.Export:
        return append(
          section,
          this.#names.map((name, at) => exportOf(name, this.#first + at)),
        );
      default:
        return undefined;
    }
  }

  /** The instructions that add to a counter. They leave the stack as it was. */
  addition(counter: number, count: number): Uint8Array {
    const index = encodeU32(this.#first + counter);
    return Uint8Array.from([0x23, ...index, 0x42, ...encodeI32(count), 0x7c, 0x24, ...index]);
  }
}

const GLOBAL_KIND = 3;
const I64 = 0x7e;
const END = 0x0b;

/** A mutable i64 that begins with 0. */
function newGlobal(): Uint8Array {
  return Uint8Array.from([I64, 1, 0x42, 0, END]);
}

function exportOf(name: string, global: number): Uint8Array {
  return concat([encodeName(name), Uint8Array.from([GLOBAL_KIND, ...encodeU32(global)])]);
}
