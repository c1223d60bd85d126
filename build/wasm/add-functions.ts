import { encodeU32 } from "./encode.ts";
import { readModule, readSignatures, SectionId } from "./module.ts";
import type { Signature } from "./module.ts";
import { append, replaceSections } from "./rewrite.ts";

/** The instruction that pushes a constant of a type, with zero. */
const ZERO: Readonly<Record<string, readonly number[]>> = {
  i32: [0x41, 0],
  i64: [0x42, 0],
  f32: [0x43, 0, 0, 0, 0],
  f64: [0x44, 0, 0, 0, 0, 0, 0, 0, 0],
};
const END = 0x0b;

/**
 * The same module with a function more for each signature, which returns zero, after its other functions.
 *
 * @param signatures - of types that the module has
 */
export function addFunctions(module: Uint8Array, signatures: readonly Signature[]): Uint8Array {
  const info = readModule(module);
  const types = readSignatures(info);
  const typeIndices = signatures.map((signature) => Uint8Array.from(encodeU32(types.indexOf(signature))));
  const bodies = signatures.map((signature) => {
    const body = bodyOf(signature);
    return Uint8Array.from([...encodeU32(body.length), ...body]);
  });
  return replaceSections(module, info, (section) => {
    switch (section.id) {
      case SectionId.Function:
        return append(section, typeIndices);
      case SectionId.Code:
        return append(section, bodies);
      default:
        return section.bytes;
    }
  });
}

/** Locals and instructions of a function that returns zero. */
export function bodyOf(signature: Signature): Uint8Array {
  const [, result = ""] = signature.split(" -> ");
  return Uint8Array.from([0, ...(ZERO[result] ?? []), END]);
}
