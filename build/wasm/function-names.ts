import { readCustomSection } from "./custom-sections.ts";
import type { ModuleInfo } from "./module.ts";
import { Reader } from "./reader.ts";

const FUNCTION_NAMES = 1;

/** The names of functions by index, from the custom section that tools keep them in. */
export function functionNames({ sections }: ModuleInfo): Map<number, string> {
  const names = new Map<number, string>();
  const reader = readCustomSection(sections, "name");
  while (reader?.atEnd === false) {
    const kind = reader.byte();
    const part = new Reader(reader.slice(reader.u32()));
    if (kind === FUNCTION_NAMES) {
      part.list(() => names.set(part.u32(), part.name()));
    }
  }
  return names;
}
