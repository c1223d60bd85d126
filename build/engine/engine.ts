import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { packageRoot } from "../package-root.ts";
import { wasmOpt } from "../wasm/wasm-opt.ts";
import { clang } from "./clang.ts";
import { applyEdits, ENGINE_EDITS, SHIM_EDITS } from "./edits.ts";
import { abiHeader } from "./header.ts";
import { COMPILER, RUNTIME, TO_IR_FLAGS, TO_MODULE_FLAGS, WASM_OPT_PASSES } from "./modules.ts";
import type { EngineModule } from "./modules.ts";
import { markColdFunctions } from "./optimize.ts";
import { engineSource, QUICKJS_NG } from "./source.ts";
import type { SourceFiles } from "./source.ts";

const CACHE = join(packageRoot, ".cache", "engine");
const OUTPUT = join(packageRoot, "engine");
const HOT_FUNCTIONS = join(packageRoot, "build", "engine", "hot-functions.txt");

/**
 * Builds both engine modules, unless those that are there were made from the same inputs.
 *
 * @param report - is given a line for each step
 * @throws Error when the source cannot be had, an edit has no place, or clang fails
 */
export async function buildEngine(report: (line: string) => void): Promise<void> {
  await mkdir(OUTPUT, { recursive: true });
  for (const module of [COMPILER, RUNTIME]) {
    await buildModule(module, report);
  }
}

async function buildModule(module: EngineModule, report: (line: string) => void): Promise<void> {
  const file = join(OUTPUT, `${module.name}.wasm`);
  const stamp = join(CACHE, `${module.name}.inputs`);
  const own = await ownFiles(module);
  const hot = await hotFunctions(module);
  const inputs = await hashOf([JSON.stringify(module), ...own.values(), ...hot]);
  if (existsSync(file) && existsSync(stamp) && (await readFile(stamp, "utf8")) === inputs) {
    report(`${basename(file)}: up to date`);
    return;
  }
  const start = performance.now();
  report(`${basename(file)}: source (${QUICKJS_NG.name} ${QUICKJS_NG.version})`);
  const files = new Map([...applyEdits(await engineSource(CACHE), [...ENGINE_EDITS, ...module.edits]), ...own]);
  report(`${basename(file)}: compile (about half a minute)`);
  const unit = basename(module.unit);
  const ir = await clang([...TO_IR_FLAGS, ...module.flags, unit], files);
  const marked = markColdFunctions(Buffer.from(ir).toString("utf8"), new Set(hot));
  report(`${basename(file)}: optimize and link`);
  const linked = await clang([...TO_MODULE_FLAGS, "unit.ll"], new Map([["unit.ll", marked]]));
  const wasm = await wasmOpt(linked, WASM_OPT_PASSES);
  await writeFile(file, wasm);
  await writeFile(stamp, inputs);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  report(`${basename(file)}: ${Math.round(wasm.length / 1024)} KiB in ${seconds} s`);
}

/** The project's own C files beside the unit, and the header of the ABI. */
async function ownFiles(module: EngineModule): Promise<SourceFiles> {
  const folder = dirname(join(packageRoot, module.unit));
  const files = new Map([["abi.h", abiHeader()]]);
  for (const name of (await readdir(folder)).sort()) {
    if (/\.[ch]$/.test(name)) {
      files.set(name, await readFile(join(folder, name), "utf8"));
    }
  }
  return files;
}

/** Speed matters at run time only: the compiler is small throughout. */
async function hotFunctions(module: EngineModule): Promise<string[]> {
  if (module !== RUNTIME) {
    return [];
  }
  return (await readFile(HOT_FUNCTIONS, "utf8")).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

/** A hash of everything that decides a module's bytes. */
async function hashOf(parts: readonly string[]): Promise<string> {
  const { dependencies, devDependencies } = JSON.parse(
    await readFile(join(packageRoot, "package.json"), "utf8"),
  ) as Record<"dependencies" | "devDependencies", Record<string, string>>;
  const tools = [devDependencies["@yowasp/clang"], dependencies["binaryen"]];
  const settings = [tools, QUICKJS_NG, ENGINE_EDITS, TO_IR_FLAGS, TO_MODULE_FLAGS, WASM_OPT_PASSES];
  const hash = createHash("sha256");
  for (const part of [JSON.stringify(settings), ...parts]) {
    hash.update(`${part.length}:${part}`);
  }
  return hash.digest("hex");
}

/**
 * Writes the runtime's sources, edited and complete, to a folder, so that another compiler can build the shim: its unit tests
 * run natively under sanitizers (test/shim).
 */
export async function writeRuntimeSources(folder: string): Promise<void> {
  const files = new Map([
    ...applyEdits(await engineSource(CACHE), [...ENGINE_EDITS, ...SHIM_EDITS]),
    ...(await ownFiles(RUNTIME)),
  ]);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [name, text] of files) {
    await writeFile(join(folder, name), text);
  }
}
