import { concat, encodeName, encodeSection } from "./encode.ts";
import { SectionId } from "./module.ts";
import type { Section } from "./module.ts";
import { Reader } from "./reader.ts";

/** A custom section, whole. */
export function encodeCustomSection(name: string, content: Uint8Array): Uint8Array {
  return encodeSection(SectionId.Custom, concat([encodeName(name), content]));
}

/** What is in the custom section of a name, after the name; undefined when there is none. */
export function readCustomSection(sections: readonly Section[], name: string): Reader | undefined {
  const section = sections.find((candidate) => candidate.id === SectionId.Custom && candidate.name === name);
  if (section === undefined) {
    return undefined;
  }
  const reader = new Reader(section.content);
  reader.name();
  return reader;
}
