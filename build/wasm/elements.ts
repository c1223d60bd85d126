import { encodeI32, encodeSection, encodeU32 } from "./encode.ts";
import { readModule, SectionId } from "./module.ts";
import type { ModuleInfo } from "./module.ts";
import { Reader } from "./reader.ts";
import { replaceSections } from "./rewrite.ts";

/** What the table of functions begins with: its first place, and the functions' indices from there on. */
export interface Elements {
  readonly offset: number;
  readonly functions: readonly number[];
}

/**
 * The one table of a module that LLVM links.
 *
 * @throws Error when the module fills its table in another way
 */
export function readElements({ sections }: ModuleInfo): Elements {
  const section = sections.find(({ id }) => id === SectionId.Element);
  if (section === undefined) {
    return { offset: 0, functions: [] };
  }
  const reader = new Reader(section.content);
  const segments = reader.list(() => {
    const simple = reader.u32() === 0 && reader.byte() === 0x41; // active, in the first table, from an i32.const on
    const offset = simple ? reader.i32() : 0;
    if (!simple || reader.byte() !== 0x0b) {
      throw new Error("a table is filled by more than one constant offset and a list of functions");
    }
    return { offset, functions: reader.list(() => reader.u32()) };
  });
  const [elements, ...others] = segments;
  if (elements === undefined || others.length > 0) {
    throw new Error(`expected one segment of table elements, there are ${segments.length}`);
  }
  return elements;
}

/** The same module with other functions in its table. */
export function withElements(module: Uint8Array, elements: Elements): Uint8Array {
  return replaceSections(module, readModule(module), (section) =>
    section.id === SectionId.Element ? encodeElements(elements) : section.bytes,
  );
}

/** The section, whole. */
export function encodeElements({ offset, functions }: Elements): Uint8Array {
  const header = [1, 0, 0x41, ...encodeI32(offset), 0x0b, ...encodeU32(functions.length)];
  const indices = functions.flatMap((index) => encodeU32(index));
  return encodeSection(SectionId.Element, Uint8Array.from([...header, ...indices]));
}
