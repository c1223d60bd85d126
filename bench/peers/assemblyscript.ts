import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { CACHE, PEERS_FOLDER } from "../folders.ts";
import type { FilterName } from "../modules.ts";
import { runTool } from "../tool.ts";
import type { Tool } from "../tool.ts";

const NPM: Tool = { program: "npm", howToGet: "It comes with Node." };
const NODE: Tool = { program: process.execPath, howToGet: "It runs this." };

/** Filters of the AssemblyScript SDK, with what they are built with. */
export interface AssemblyScriptProject {
  /** Their sources, with a package.json and its lock. */
  readonly sources: string;
  /** Where they are copied to, and their packages installed. */
  readonly folder: string;
}

const BENCHMARK: AssemblyScriptProject = {
  sources: join(PEERS_FOLDER, "assemblyscript"),
  folder: join(CACHE, "assemblyscript"),
};

let installed: Promise<void> | undefined;

/** Builds a filter of the benchmark. */
export async function buildAssemblyScript(filter: FilterName, wasm: string): Promise<void> {
  installed ??= installAssemblyScript(BENCHMARK);
  await installed;
  await compileAssemblyScript(BENCHMARK, `${filter}.ts`, wasm);
}

/** Builds a filter of the AssemblyScript SDK as its README says: optimized, with its own function for abort. */
export async function compileAssemblyScript(
  { folder }: AssemblyScriptProject,
  entry: string,
  wasm: string,
): Promise<void> {
  const compiler = join("node_modules", "assemblyscript", "bin", "asc");
  const options = ["--use", "abort=abort_proc_exit", "--optimize"];
  await runTool(NODE, [compiler, entry, "--binaryFile", wasm, ...options], { cwd: folder });
}

/** The SDK and the compiler are this peer's own dependencies, with a lock file of their own, and none of the project's. */
export async function installAssemblyScript({ sources, folder }: AssemblyScriptProject): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const file of await readdir(sources)) {
    await copyFile(join(sources, file), join(folder, file));
  }
  const [lock, stamp] = [await readFile(join(sources, "package-lock.json"), "utf8"), join(folder, "installed.json")];
  if ((await readFile(stamp, "utf8").catch(() => "")) !== lock) {
    await runTool(NPM, ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: folder });
    await writeFile(stamp, lock);
  }
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string }>>;
}

/** The compiler and the SDK, with their versions. */
export async function assemblyScriptVersion(): Promise<string> {
  const { packages } = JSON.parse(await readFile(join(BENCHMARK.sources, "package-lock.json"), "utf8")) as Lock;
  const version = (name: string) => packages[`node_modules/${name}`]?.version ?? "of unknown version";
  return `assemblyscript ${version("assemblyscript")}, @solo-io/proxy-runtime ${version("@solo-io/proxy-runtime")}`;
}
