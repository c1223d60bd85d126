import esbuild from "esbuild";

import type { Parts } from "../engine/parts.ts";
import { packageVersion } from "../package-files.ts";
import { BRANCH_HINTS } from "../wasm/branch-hints.ts";
import { functionBodies } from "../wasm/code.ts";
import { encodeComposition } from "../wasm/composition.ts";
import type { Composition } from "../wasm/composition.ts";
import { dataSegments } from "../wasm/data.ts";
import { concat } from "../wasm/encode.ts";
import { functionNames } from "../wasm/function-names.ts";
import { readModule, SectionId } from "../wasm/module.ts";
import type { ModuleInfo } from "../wasm/module.ts";
import { encodeProducers } from "../wasm/producers.ts";
import { replaceSections } from "../wasm/rewrite.ts";

/** What is known of a module beside its bytes. */
export interface LabelOptions {
  readonly parts: Parts;
  readonly heapStart: number;
  /** The size of the filter's bytecode. */
  readonly bytecode: number;
  /** Whether the functions' names stay, for a profile. */
  readonly keepNames: boolean;
}

/** Puts what made a module and what it is made of in the place of the names of its functions, which it may keep. */
export function label(module: Uint8Array, options: LabelOptions): Uint8Array {
  const info = readModule(module);
  const kept = [BRANCH_HINTS, ...(options.keepNames ? ["name"] : [])];
  const withoutNames = replaceSections(module, info, ({ id, name, bytes }) =>
    id === SectionId.Custom && !kept.includes(name) ? new Uint8Array() : bytes,
  );
  const made = { "proxy-wasm-ts": packageVersion(), esbuild: esbuild.version, ...options.parts.tools };
  const producers = encodeProducers({ language: { TypeScript: "" }, "processed-by": made });
  return concat([withoutNames, producers, encodeComposition(compositionOf(info, options))]);
}

function compositionOf(info: ModuleInfo, { parts, heapStart, bytecode }: LabelOptions): Composition {
  const names = functionNames(info);
  const [ofShim, ofLibrary] = [new Set(parts.shim), new Set(parts.library)];
  const code = { engine: 0, shim: 0, library: 0 };
  for (const { index, bytes } of functionBodies(info)) {
    const name = names.get(index) ?? "";
    code[ofShim.has(name) ? "shim" : ofLibrary.has(name) ? "library" : "engine"] += bytes;
  }
  const data = { static: 0, heap: 0 };
  for (const { offset = 0, bytes } of dataSegments(info.sections)) {
    data[offset < heapStart ? "static" : "heap"] += bytes;
  }
  return { code, data, bytecode, heapStart };
}
