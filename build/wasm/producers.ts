import { encodeCustomSection, readCustomSection } from "./custom-sections.ts";
import { concat, encodeName, encodeU32 } from "./encode.ts";
import type { Section } from "./module.ts";

/** The custom section that says what made a module (WebAssembly/tool-conventions, ProducersSection.md). */
export const PRODUCERS = "producers";

/** Names with their versions, by field: `language`, `processed-by` or `sdk`. */
export type Producers = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Empty when the module does not say. */
export function readProducers(sections: readonly Section[]): Producers {
  const reader = readCustomSection(sections, PRODUCERS);
  const fields = reader?.list(() => [reader.name(), reader.list(() => [reader.name(), reader.name()])] as const) ?? [];
  return Object.fromEntries(
    fields.map(([field, values]) => [field, Object.fromEntries(values) as Record<string, string>]),
  );
}

export function encodeProducers(producers: Producers): Uint8Array {
  const fields = Object.entries(producers);
  return encodeCustomSection(
    PRODUCERS,
    concat([
      Uint8Array.from(encodeU32(fields.length)),
      ...fields.flatMap(([field, values]) => [
        encodeName(field),
        Uint8Array.from(encodeU32(Object.keys(values).length)),
        ...Object.entries(values).flatMap((value) => value.map(encodeName)),
      ]),
    ]),
  );
}
