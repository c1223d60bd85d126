import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { CACHE, PEERS_FOLDER } from "../folders.ts";
import type { FilterName } from "../modules.ts";
import { runTool } from "../tool.ts";
import type { Tool } from "../tool.ts";

const NPM: Tool = { program: "npm", howToGet: "It comes with Node." };
const NODE: Tool = { program: process.execPath, howToGet: "It runs this." };

const SOURCES = join(PEERS_FOLDER, "assemblyscript");
const FOLDER = join(CACHE, "assemblyscript");

let installed: Promise<void> | undefined;

/** Builds a filter of the AssemblyScript SDK as its README says: optimized, with its own function for abort. */
export async function buildAssemblyScript(filter: FilterName, wasm: string): Promise<void> {
  installed ??= install();
  await installed;
  const compiler = join("node_modules", "assemblyscript", "bin", "asc");
  const options = ["--use", "abort=abort_proc_exit", "--optimize"];
  await runTool(NODE, [compiler, `${filter}.ts`, "--binaryFile", wasm, ...options], { cwd: FOLDER });
}

/** The SDK and the compiler are this peer's own dependencies, with a lock file of their own, and none of the project's. */
async function install(): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  for (const file of await readdir(SOURCES)) {
    await copyFile(join(SOURCES, file), join(FOLDER, file));
  }
  const [lock, stamp] = [await readFile(join(SOURCES, "package-lock.json"), "utf8"), join(FOLDER, "installed.json")];
  if ((await readFile(stamp, "utf8").catch(() => "")) !== lock) {
    await runTool(NPM, ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: FOLDER });
    await writeFile(stamp, lock);
  }
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string }>>;
}

/** The compiler and the SDK, with their versions. */
export async function assemblyScriptVersion(): Promise<string> {
  const { packages } = JSON.parse(await readFile(join(SOURCES, "package-lock.json"), "utf8")) as Lock;
  const version = (name: string) => packages[`node_modules/${name}`]?.version ?? "of unknown version";
  return `assemblyscript ${version("assemblyscript")}, @solo-io/proxy-runtime ${version("@solo-io/proxy-runtime")}`;
}
