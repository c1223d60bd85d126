import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { CACHE } from "../../../bench/folders.ts";
import { compileAssemblyScript, installAssemblyScript } from "../../../bench/peers/assemblyscript.ts";
import { buildGoPackage } from "../../../bench/peers/go.ts";
import { buildRustPackage } from "../../../bench/peers/rust.ts";
import { buildFilter } from "../../../build/pipeline.ts";

/** The SDKs that the filter is written with, in the order of the table's columns. */
export const COLUMNS = ["ts", "rust", "go", "assemblyscript"] as const;
export type Column = (typeof COLUMNS)[number];

export const HEADS: Readonly<Record<Column, string>> = {
  ts: "TypeScript (this SDK)",
  rust: "Rust SDK",
  go: "Go SDK",
  assemblyscript: "AssemblyScript SDK",
};

const FILTERS = fileURLToPath(new URL("filters/", import.meta.url));
const MODULES = join(CACHE, "hostile");

const BUILDERS: Readonly<Record<Column, (wasm: string) => Promise<void>>> = {
  ts: async (wasm) => {
    await buildFilter({ entry: join(FILTERS, "typescript", "filter.ts"), outfile: wasm });
  },
  rust: (wasm) => buildRustPackage(join(FILTERS, "rust"), "hostile", wasm),
  go: (wasm) => buildGoPackage(join(FILTERS, "go"), ".", wasm),
  assemblyscript: async (wasm) => {
    const project = { sources: join(FILTERS, "assemblyscript"), folder: join(CACHE, "hostile-assemblyscript") };
    await installAssemblyScript(project);
    await compileAssemblyScript(project, "filter.ts", wasm);
  },
};

/** Makes the filter in release mode. Returns the module's path. @throws Error that says what is missing, and how to get it */
export async function buildColumn(column: Column): Promise<string> {
  await mkdir(MODULES, { recursive: true });
  const wasm = join(MODULES, `${column}.wasm`);
  await BUILDERS[column](wasm);
  return wasm;
}
