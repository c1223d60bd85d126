import { concat, encodeSection, encodeU32 } from "./encode.ts";
import type { ModuleInfo, Section } from "./module.ts";
import { Reader } from "./reader.ts";

/** The same module with other sections; `replace` gives the whole section, with its id and length. */
export function replaceSections(
  module: Uint8Array,
  info: ModuleInfo,
  replace: (section: Section) => Uint8Array,
): Uint8Array {
  return concat([module.subarray(0, 8), ...info.sections.map(replace)]);
}

/** A section that is a vector, with more items. */
export function append({ id, content }: Pick<Section, "id" | "content">, items: readonly Uint8Array[]): Uint8Array {
  const reader = new Reader(content);
  const count = reader.u32() + items.length;
  return encodeSection(id, concat([Uint8Array.from(encodeU32(count)), content.subarray(reader.offset), ...items]));
}
