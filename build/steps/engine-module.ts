import { readFile } from "node:fs/promises";

import type { Parts } from "../engine/parts.ts";
import { BuildError } from "../errors.ts";
import { once } from "../once.ts";
import { engineFile } from "../package-files.ts";
import { wasm } from "../wasm/api.ts";
import type { WasmModule } from "../wasm/api.ts";
import { exportMutableGlobals } from "../wasm/exports.ts";

/** What build/engine/prunable.ts found out about the runtime. */
export interface Prunable {
  /** The places in the table of functions that only builtins' objects lead to. */
  readonly places: readonly number[];
  /** The names that the engine's own code looks up. */
  readonly names: readonly string[];
}

export async function readPrunable(): Promise<Prunable> {
  return JSON.parse(Buffer.from(await readEngineFile("prunable.json")).toString("utf8")) as Prunable;
}

export async function readParts(): Promise<Parts> {
  return JSON.parse(Buffer.from(await readEngineFile("parts.json")).toString("utf8")) as Parts;
}

/** @throws BuildError when the engine is not there: a checkout in which it was not made yet */
export function readEngine(name: "compiler" | "runtime"): Promise<Uint8Array> {
  return readEngineFile(`${name}.wasm`);
}

/** A runtime that can run a filter's top level and be looked at afterwards. */
export interface BuildRuntime {
  readonly bytes: Uint8Array;
  /** The same, with its mutable globals exported. */
  readonly module: WasmModule;
  readonly globals: readonly string[];
}

/** The compiler, ready to be instantiated. The first build of a process makes it, and later ones are quicker for that. */
export const compilerModule = once(async () => new wasm.Module(await readEngine("compiler")));

/** The runtime, ready to be instantiated. */
export const buildRuntime = once(async (): Promise<BuildRuntime> => {
  const bytes = await readEngine("runtime");
  const { bytes: exporting, names } = exportMutableGlobals(bytes);
  return { bytes, module: new wasm.Module(exporting), globals: names };
});

async function readEngineFile(name: Parameters<typeof engineFile>[0]): Promise<Uint8Array> {
  const file = engineFile(name);
  try {
    return await readFile(file);
  } catch (cause) {
    throw new BuildError(
      `the engine is missing (${file}). In a checkout of proxy-wasm-ts, "npm run build:engine" makes it; ` +
        "the npm package holds it: there, install the package again.",
      { cause },
    );
  }
}
