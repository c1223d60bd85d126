import { readFile } from "node:fs/promises";

import type { Graph } from "../engine/graph.ts";
import type { Parts } from "../engine/parts.ts";
import { BuildError } from "../errors.ts";
import { once } from "../once.ts";
import { engineFile } from "../package-files.ts";
import { wasm } from "../wasm/api.ts";
import type { WasmModule } from "../wasm/api.ts";
import { exportMutableGlobals } from "../wasm/exports.ts";
import { readRuntimeCode } from "./runtime-code.ts";

/** What build/engine/graph.ts found out about the runtime. */
export interface RuntimeGraph extends Graph {
  /** The names that the engine's own code looks up. */
  readonly names: readonly string[];
  /** By how much the places of the shifted runtime's functions are higher. */
  readonly shift: number;
}

export const readRuntimeGraph = once(
  async () => JSON.parse(Buffer.from(await readEngineFile("graph.json")).toString("utf8")) as RuntimeGraph,
);

export async function readParts(): Promise<Parts> {
  return JSON.parse(Buffer.from(await readEngineFile("parts.json")).toString("utf8")) as Parts;
}

/** @throws BuildError when the engine is not there: a checkout in which it was not made yet */
export function readEngine(name: "compiler" | "runtime" | "runtime-shifted"): Promise<Uint8Array> {
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

/** The same, taken apart. */
export const runtimeCode = once(async () => readRuntimeCode((await buildRuntime()).bytes, await readRuntimeGraph()));

/** The runtime with its functions at other places of the table, which tells their addresses from numbers. */
export const shiftedRuntime = once(async () => new wasm.Module(await readEngine("runtime-shifted")));

/** Loads all that a build needs of the engine, so that it waits for nothing later. @throws BuildError as {@link readEngine} does */
export async function loadEngine(): Promise<void> {
  await Promise.all([compilerModule(), runtimeCode(), shiftedRuntime()]);
}

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
