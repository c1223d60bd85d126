import { encodeSection, Writer } from "./encode.ts";
import { readVector, SectionId } from "./module.ts";
import type { ModuleInfo } from "./module.ts";

/** A function of the module itself. */
export interface FunctionBody {
  readonly index: number;
  /** Its code with its length before it, in bytes. */
  readonly bytes: number;
}

export function functionBodies({ sections, imports }: ModuleInfo): FunctionBody[] {
  const imported = imports.filter(({ kind }) => kind === "function").length;
  const sizes = readVector(sections, SectionId.Code, (reader) => {
    const start = reader.offset;
    reader.slice(reader.u32());
    return reader.offset - start;
  });
  return sizes.map((bytes, at) => ({ index: imported + at, bytes }));
}

/** The code of each function by its index: locals and instructions, without the length. */
export function functionCode({ sections, imports }: ModuleInfo): Map<number, Uint8Array> {
  const imported = imports.filter(({ kind }) => kind === "function").length;
  const bodies = readVector(sections, SectionId.Code, (reader) => reader.slice(reader.u32()));
  return new Map(bodies.map((body, at) => [imported + at, body]));
}

/** The section, whole, of such bodies in the functions' order. */
export function encodeCode(bodies: readonly Uint8Array[]): Uint8Array {
  const writer = new Writer().u32(bodies.length);
  for (const body of bodies) {
    writer.u32(body.length).write(body);
  }
  return encodeSection(SectionId.Code, writer.bytes);
}
