import { readCustomSection } from "./custom-sections.ts";
import type { ModuleInfo } from "./module.ts";
import { Reader } from "./reader.ts";

const FUNCTION_NAMES = 1;
const DATA_SEGMENT_NAMES = 9;

/** The names of functions by index, from the custom section that tools keep them in. */
export function functionNames(info: ModuleInfo): Map<number, string> {
  return namesOf(info, FUNCTION_NAMES);
}

/** The names of data segments by index. */
export function dataSegmentNames(info: ModuleInfo): Map<number, string> {
  return namesOf(info, DATA_SEGMENT_NAMES);
}

function namesOf({ sections }: ModuleInfo, wanted: number): Map<number, string> {
  const names = new Map<number, string>();
  const reader = readCustomSection(sections, "name");
  while (reader?.atEnd === false) {
    const kind = reader.byte();
    const part = new Reader(reader.slice(reader.u32()));
    if (kind === wanted) {
      part.list(() => names.set(part.u32(), part.name()));
    }
  }
  return names;
}
