import { concat, encodeName, encodeSection, encodeU32 } from "./encode.ts";
import { EXTERNAL_KINDS, readGlobals, readModule, SectionId } from "./module.ts";
import type { Export, ModuleInfo } from "./module.ts";
import { replaceSections } from "./rewrite.ts";

/** What the name of an export begins with that may stand for a callback: src/shim/brief.c. */
const VARIANT = /^brief_/;

/** The same module without the exports that are not named. One that stands for a callback gets its name. */
export function keepExports(module: Uint8Array, names: readonly string[]): Uint8Array {
  const info = readModule(module);
  const kept = info.exports.filter(({ name }) => names.includes(name));
  return withExports(
    module,
    info,
    kept.map((entry) => ({ ...entry, name: entry.name.replace(VARIANT, "") })),
  );
}

/**
 * The same module with every mutable global exported, so that a snapshot can see whether they changed.
 *
 * @returns the module, and the names under which it exports them
 */
export function exportMutableGlobals(module: Uint8Array): { bytes: Uint8Array; names: string[] } {
  const info = readModule(module);
  const added = readGlobals(info)
    .filter(({ mutable }) => mutable)
    .map(({ index }): Export => ({ name: `global ${index}`, kind: "global", index }));
  return { bytes: withExports(module, info, [...info.exports, ...added]), names: added.map(({ name }) => name) };
}

function withExports(module: Uint8Array, info: ModuleInfo, exports: readonly Export[]): Uint8Array {
  const entries = exports.flatMap(({ name, kind, index }) => [
    encodeName(name),
    Uint8Array.from([EXTERNAL_KINDS.indexOf(kind), ...encodeU32(index)]),
  ]);
  const content = concat([Uint8Array.from(encodeU32(exports.length)), ...entries]);
  return replaceSections(module, info, (section) =>
    section.id === SectionId.Export ? encodeSection(section.id, content) : section.bytes,
  );
}
