import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { CACHE } from "./folders.ts";
import { nameOf } from "./modules.ts";
import type { BenchFilter, Code, FilterName, VariantName } from "./modules.ts";
import { assemblyScriptVersion, buildAssemblyScript } from "./peers/assemblyscript.ts";
import { envoyFilter } from "./peers/envoy.ts";
import { buildGo, goVersion } from "./peers/go.ts";
import { luaFilter } from "./peers/lua.ts";
import { buildRust, rustVersion } from "./peers/rust.ts";
import { buildTypeScript } from "./peers/typescript.ts";

type Builder = (filter: FilterName) => Promise<Code>;
type ModuleBuilder = (filter: FilterName, wasm: string) => Promise<void>;

const BUILDERS: Readonly<Record<VariantName, Builder>> = {
  ts: module("ts", buildTypeScript),
  rust: module("rust", buildRust),
  go: module("go", buildGo),
  assemblyscript: module("assemblyscript", buildAssemblyScript),
  lua: luaFilter,
  envoy: (filter) => Promise.resolve(envoyFilter(filter)),
};

const VERSIONS: Readonly<Partial<Record<VariantName, () => Promise<string>>>> = {
  rust: rustVersion,
  go: goVersion,
  assemblyscript: assemblyScriptVersion,
};

export const WASM_FOLDER: string = join(CACHE, "wasm");

function module(variant: VariantName, build: ModuleBuilder): Builder {
  return async (filter) => {
    await mkdir(WASM_FOLDER, { recursive: true });
    const wasm = join(WASM_FOLDER, `${nameOf({ filter, variant })}.wasm`);
    await build(filter, wasm);
    return { kind: "wasm", wasm };
  };
}

/** Makes a filter in release mode. @throws Error that says what is missing, and how to get it */
export async function buildVariant(filter: FilterName, variant: VariantName): Promise<BenchFilter> {
  return { filter, variant, code: await BUILDERS[variant](filter) };
}

/** The versions of an SDK and its compiler; undefined for what is this checkout's or Envoy's. */
export async function versionOf(variant: VariantName): Promise<string | undefined> {
  return VERSIONS[variant]?.();
}
