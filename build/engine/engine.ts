import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { packageRoot } from "../package-root.ts";
import { withBranchHints } from "../wasm/branch-hints.ts";
import { functionNames } from "../wasm/function-names.ts";
import { readModule } from "../wasm/module.ts";
import type { ModuleInfo } from "../wasm/module.ts";
import { wasmOpt } from "../wasm/wasm-opt.ts";
import { builtinLists, namesOfEngine } from "./builtins.ts";
import { clang } from "./clang.ts";
import { applyEdits, ENGINE_EDITS } from "./edits.ts";
import { readGraph } from "./graph.ts";
import { abiHeader } from "./header.ts";
import { hintsFor, parseBranches } from "./hints.ts";
import type { Branches } from "./hints.ts";
import * as modules from "./modules.ts";
import { COMPILER, RUNTIME, TABLE_SHIFT } from "./modules.ts";
import type { EngineModule } from "./modules.ts";
import { markColdFunctions } from "./optimize.ts";
import { engineVersion, sortFunctions } from "./parts.ts";
import type { Parts } from "./parts.ts";
import { engineSource, PYCRYPTODOME, QUICKJS_NG, readSources } from "./source.ts";
import type { SourceFiles } from "./source.ts";
import { shortenTagTests } from "./tag-tests.ts";

const CACHE = join(packageRoot, ".cache", "engine");
const OUTPUT = join(packageRoot, "engine");
const GRAPH = join(OUTPUT, "graph.json");
const SHIFTED = join(OUTPUT, "runtime-shifted.wasm");
const PARTS = join(OUTPUT, "parts.json");
/** Of what {@link addProfile} makes. */
const PROFILE_STAMP = join(CACHE, "profile.inputs");
const HOT_FUNCTIONS = join(packageRoot, "build", "engine", "hot-functions.txt");
const BRANCHES = join(packageRoot, "build", "engine", "branches.txt");
const REQUEST_FUNCTIONS = join(packageRoot, "build", "engine", "request-functions.txt");
const BUSY_FUNCTIONS = join(packageRoot, "build", "engine", "busy-functions.txt");

/** Both engine modules, by name. */
export const ENGINE_MODULES: readonly EngineModule[] = [COMPILER, RUNTIME];

/** Whether the module that is there was made from the inputs that are there now. */
export async function isUpToDate(module: EngineModule): Promise<boolean> {
  const stamp = stampOf(module);
  return (
    existsSync(fileOf(module)) &&
    (module !== RUNTIME || [GRAPH, SHIFTED].every((file) => existsSync(file))) &&
    existsSync(stamp) &&
    (await readFile(stamp, "utf8")) === (await inputsOf(module))
  );
}

/**
 * Builds one engine module.
 *
 * @param report - is given a line for each step
 * @throws Error when the source cannot be had, an edit has no place, or clang fails
 */
export async function buildModule(module: EngineModule, report: (line: string) => void): Promise<void> {
  const start = performance.now();
  const step = (text: string) => {
    report(`${module.name}.wasm: ${text}`);
  };
  const inputs = await inputsOf(module);
  step(`source of ${QUICKJS_NG.name} ${QUICKJS_NG.version}, with ${ENGINE_EDITS.length + module.edits.length} edits`);
  const files = await sourcesOf(module);
  step("compile");
  const ir = await clang([...modules.TO_IR_FLAGS, ...module.flags, basename(module.unit)], files);
  const marked = markColdFunctions(Buffer.from(ir).toString("utf8"), new Set(await hotFunctions(module)));
  step("optimize");
  const optimized = Buffer.from(await clang([...modules.OPTIMIZE_FLAGS, "unit.ll"], new Map([["unit.ll", marked]])));
  const object = await clang([...modules.TO_OBJECT_FLAGS, "unit.ll"], new Map([["unit.ll", optimized]]));
  step("link");
  const link = (...flags: string[]) =>
    clang([...modules.LINK_FLAGS, ...flags, "unit.o"], new Map([["unit.o", object]]));
  const linked = await link();
  const wasm = shortenTagTests(await wasmOpt(linked, modules.WASM_OPT_PASSES));
  await mkdir(OUTPUT, { recursive: true });
  await writeFile(fileOf(module), wasm);
  if (module === RUNTIME) {
    await rm(PROFILE_STAMP, { force: true });
    const shifted = await link(`-Wl,--table-base=${1 + TABLE_SHIFT}`);
    await writeFile(SHIFTED, await wasmOpt(shifted, ["--strip-debug"]));
    const graph = readGraph(optimized.toString("utf8"), linked, builtinLists(files));
    await writeFile(GRAPH, JSON.stringify({ ...graph, shift: TABLE_SHIFT, names: namesOfEngine(files) }));
  }
  await writeFile(stampOf(module), inputs);
  step(`${Math.round(wasm.length / 1024)} KiB in ${((performance.now() - start) / 1000).toFixed(0)} s`);
}

/**
 * Writes down whose functions the runtime has, and into the runtime which way their branches go, unless that is done. It takes a
 * moment, and no engine is built for it.
 *
 * @param report - is given a line when the profile is of another engine
 */
export async function addProfile(report: (line: string) => void): Promise<void> {
  const scripts = await Promise.all(
    ["parts.ts", "hints.ts"].map((name) => readFile(join(packageRoot, "build", "engine", name), "utf8")),
  );
  const [requests, busy, branches] = [
    await readList(REQUEST_FUNCTIONS),
    await readList(BUSY_FUNCTIONS),
    await readBranches(),
  ];
  const inputs = createHash("sha256")
    .update([await inputsOf(RUNTIME), ...scripts, ...requests, "busy", ...busy, ...[...branches].flat()].join(":"))
    .digest("hex");
  if (existsSync(PARTS) && existsSync(PROFILE_STAMP) && (await readFile(PROFILE_STAMP, "utf8")) === inputs) {
    return;
  }
  const bytes = await readFile(fileOf(RUNTIME));
  const { hints, stale } = hintsFor(bytes, branches);
  if (stale.length > 0) {
    report(`no hints for functions that have changed (npm run engine:profile makes new ones): ${stale.join(", ")}`);
  }
  await writeFile(fileOf(RUNTIME), withBranchHints(bytes, hints));
  await writeParts(readModule(bytes), { requests, busy });
  await writeFile(PROFILE_STAMP, inputs);
}

async function writeParts(runtime: ModuleInfo, profile: Pick<Parts, "requests" | "busy">): Promise<void> {
  const names = [...functionNames(runtime)]
    .filter(([index]) => index >= runtime.imports.length)
    .map(([, name]) => name);
  const engine = await fetchSource();
  const { devDependencies } = await readManifest();
  const parts: Parts = {
    tools: {
      "QuickJS-NG": engineVersion(engine),
      "@yowasp/clang": devDependencies["@yowasp/clang"] ?? "",
      binaryen: devDependencies["binaryen"] ?? "",
    },
    ...sortFunctions(names, engine, await ownFiles(RUNTIME)),
    // Only an order: what clang has meanwhile inlined everywhere does no harm in it.
    requests: profile.requests.filter((name) => names.includes(name)),
    busy: profile.busy.filter((name) => names.includes(name)),
  };
  await writeFile(PARTS, JSON.stringify(parts));
}

/** The engine's source, in the cache afterwards. */
function fetchSource(): Promise<SourceFiles> {
  return engineSource(CACHE);
}

/** Whatever the engine modules are made from, in the cache afterwards. */
export async function fetchSources(): Promise<void> {
  await fetchSource();
  await engineSource(CACHE, PYCRYPTODOME);
}

function fileOf(module: EngineModule): string {
  return join(OUTPUT, `${module.name}.wasm`);
}

function stampOf(module: EngineModule): string {
  return join(CACHE, `${module.name}.inputs`);
}

/** Everything that clang reads: the engine's files with all edits made, the hash functions, the project's own, the header of the ABI. */
async function sourcesOf(module: EngineModule): Promise<SourceFiles> {
  const engine = applyEdits(await fetchSource(), [...ENGINE_EDITS, ...module.edits]);
  const hashes = module === RUNTIME ? await engineSource(CACHE, PYCRYPTODOME) : [];
  return new Map([...engine, ...hashes, ...(await ownFiles(module))]);
}

/** The project's own C files beside the unit, and the header of the ABI. */
async function ownFiles(module: EngineModule): Promise<SourceFiles> {
  return new Map([["abi.h", abiHeader()], ...(await readSources(dirname(join(packageRoot, module.unit))))]);
}

/** Speed matters at run time only: the compiler is small throughout. */
async function hotFunctions(module: EngineModule): Promise<string[]> {
  return module === RUNTIME ? readHotFunctions() : [];
}

export function readHotFunctions(): Promise<string[]> {
  return readList(HOT_FUNCTIONS);
}

async function readList(file: string): Promise<string[]> {
  return (await readFile(file, "utf8")).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

/** The next build of the engine takes it. */
export async function writeHotFunctions(names: readonly string[], comment: readonly string[]): Promise<void> {
  await writeList(HOT_FUNCTIONS, [...names].sort(), comment);
}

/** The next build of a filter takes it, after `npm run build:engine`, which need not compile for it. */
export async function writeRequestFunctions(names: readonly string[], comment: readonly string[]): Promise<void> {
  await writeList(REQUEST_FUNCTIONS, names, comment);
}

/** As {@link writeRequestFunctions}. */
export async function writeBusyFunctions(names: readonly string[], comment: readonly string[]): Promise<void> {
  await writeList(BUSY_FUNCTIONS, [...names].sort(), comment);
}

/** As {@link writeRequestFunctions}. */
export async function writeBranches(branches: Branches, comment: readonly string[]): Promise<void> {
  const lines = [...branches].map(([name, signs]) => `${name} ${signs}`).sort();
  await writeList(BRANCHES, lines, comment);
}

export async function readBranches(): Promise<Branches> {
  return parseBranches(await readList(BRANCHES));
}

/** Those functions whose branches the list knows otherwise than the runtime has them. */
export async function staleBranches(): Promise<string[]> {
  return hintsFor(await readFile(fileOf(RUNTIME)), await readBranches()).stale;
}

async function writeList(file: string, names: readonly string[], comment: readonly string[]): Promise<void> {
  await writeFile(file, [...comment.map((line) => `# ${line}`), ...names, ""].join("\n"));
}

type Manifest = Record<"devDependencies", Record<string, string>>;

async function readManifest(): Promise<Manifest> {
  return JSON.parse(await readFile(join(packageRoot, "package.json"), "utf8")) as Manifest;
}

/** A hash of everything that decides a module's bytes. */
async function inputsOf(module: EngineModule): Promise<string> {
  const { devDependencies } = await readManifest();
  const tools = [devDependencies["@yowasp/clang"], devDependencies["binaryen"]];
  const settings = [tools, QUICKJS_NG, ...(module === RUNTIME ? [PYCRYPTODOME] : []), ENGINE_EDITS, modules, module];
  const optimizer = await Promise.all(
    ["builtins.ts", "graph.ts", "kinds.ts", "optimize.ts", "tag-tests.ts"].map((name) =>
      readFile(join(packageRoot, "build", "engine", name), "utf8"),
    ),
  );
  const files = (await ownFiles(module)).values();
  const hash = createHash("sha256");
  for (const part of [JSON.stringify(settings), ...optimizer, ...files, ...(await hotFunctions(module))]) {
    hash.update(`${part.length}:${part}`);
  }
  return hash.digest("hex");
}

/**
 * Writes the runtime's sources to a folder, so that another compiler can build the shim: its unit tests run natively under
 * sanitizers (test/shim).
 */
export async function writeRuntimeSources(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [name, text] of await sourcesOf(RUNTIME)) {
    await writeFile(join(folder, name), text);
  }
}
