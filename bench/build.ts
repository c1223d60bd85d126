import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";

import { CACHE } from "./folders.ts";
import { nameOf } from "./modules.ts";
import type { BenchModule, FilterName, SdkName } from "./modules.ts";
import { buildGo, goVersion } from "./peers/go.ts";
import { buildNone } from "./peers/none.ts";
import { buildRust, rustVersion } from "./peers/rust.ts";
import { buildTypeScript } from "./peers/typescript.ts";

const BUILDERS: Readonly<Record<SdkName, (filter: FilterName, wasm: string) => Promise<void>>> = {
  ts: buildTypeScript,
  rust: buildRust,
  go: buildGo,
};

const VERSIONS: Readonly<Record<SdkName, () => Promise<string>>> = {
  ts: () => Promise.resolve("this checkout"),
  rust: rustVersion,
  go: goVersion,
};

const WASM_FOLDER = join(CACHE, "wasm");

/** Builds the empty filter. */
export async function buildBaseline(): Promise<BenchModule> {
  await mkdir(WASM_FOLDER, { recursive: true });
  const module = { filter: undefined, variant: "none", wasm: join(WASM_FOLDER, "none.wasm") };
  await buildNone(module.wasm);
  return module;
}

/** Builds a filter with an SDK, in release mode. @throws Error that says what is missing, and how to get it */
export async function buildModule(filter: FilterName, variant: SdkName): Promise<BenchModule> {
  await mkdir(WASM_FOLDER, { recursive: true });
  const wasm = join(WASM_FOLDER, `${nameOf({ filter, variant, wasm: "" })}.wasm`);
  await BUILDERS[variant](filter, wasm);
  return { filter, variant, wasm };
}

/** The versions of an SDK and its compiler. */
export function versionOf(sdk: SdkName): Promise<string> {
  return VERSIONS[sdk]();
}

/** A module's size in bytes. @throws Error when there is no such file */
export async function sizeOf(module: BenchModule): Promise<number> {
  try {
    return (await stat(module.wasm)).size;
  } catch (cause) {
    throw new Error(`cannot read the module of ${nameOf(module)}, ${module.wasm}`, { cause });
  }
}
