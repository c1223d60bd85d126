import { encodeCustomSection, readCustomSection } from "./custom-sections.ts";
import type { Section } from "./module.ts";

/** The custom section in which a module says what it is made of, since the names of its functions are gone. */
export const COMPOSITION = "proxy-wasm-ts";

/** What a module of this package is made of, in bytes of the module. */
export interface Composition {
  /** The code, by where it comes from. */
  readonly code: { readonly engine: number; readonly shim: number; readonly library: number };
  /** The data: constants and variables of the C code, and the heap as the filter's top level left it. */
  readonly data: { readonly static: number; readonly heap: number };
  /** The filter and the SDK as bytecode. It is in the heap, as the engine's functions. */
  readonly bytecode: number;
  /** The address at which the heap begins. */
  readonly heapStart: number;
}

/** JSON, so that the next version may say more. */
export function encodeComposition(composition: Composition): Uint8Array {
  return encodeCustomSection(COMPOSITION, new TextEncoder().encode(JSON.stringify(composition)));
}

/** Undefined: another tool made the module, or a version of this one that says something else. */
export function readComposition(sections: readonly Section[]): Composition | undefined {
  const reader = readCustomSection(sections, COMPOSITION);
  try {
    const text = new TextDecoder().decode(reader?.slice(reader.end - reader.offset));
    const { code, data, bytecode, heapStart } = JSON.parse(text) as Composition;
    const numbers = [code.engine, code.shim, code.library, data.static, data.heap, bytecode, heapStart];
    return numbers.every(Number.isSafeInteger) ? { code, data, bytecode, heapStart } : undefined;
  } catch {
    return undefined;
  }
}
