import { concat } from "./encode.ts";
import type { ModuleInfo, Section } from "./module.ts";

/** The same module with other sections; `replace` gives the whole section, with its id and length. */
export function replaceSections(
  module: Uint8Array,
  info: ModuleInfo,
  replace: (section: Section) => Uint8Array,
): Uint8Array {
  return concat([module.subarray(0, 8), ...info.sections.map(replace)]);
}
