import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ABI_VERSION_EXPORT, HOST_CALLS, WASI_CALLS } from "../../src/abi/index.ts";
import { messageOf, TestHostError } from "./errors.ts";
import { wasm } from "./wasm-api.ts";
import type { GuestModule, WasmImport, WasmModule } from "./wasm-api.ts";

/** Names under which modules import WASI; Envoy knows both. */
export const WASI_MODULES = ["wasi_snapshot_preview1", "wasi_unstable"] as const;

/**
 * A filter: the path of its TypeScript or of the built module, the module's bytes, the compiled `WebAssembly.Module`, or what
 * `compileFilter` returned. The last two save time when a filter is loaded often.
 */
export type FilterSource = string | Uint8Array | WasmModule | CompiledFilter;

/**
 * How a filter runs: "wasm" is the module, which is what ships; "native" is the filter's TypeScript straight in Node, where
 * breakpoints and coverage work. Both make the same host calls.
 */
export type Mode = "wasm" | "native";

/** What `compileFilter` makes, for `TestHost.load`. */
export class CompiledFilter {
  /** @internal */
  readonly module: GuestModule;

  /** @internal */
  constructor(module: GuestModule) {
    this.module = module;
  }
}

const SOURCE = /\.[cm]?[jt]sx?$/;

/**
 * Makes a filter ready for `TestHost.load`, once for many hosts. Each host has a VM, and variables, of its own.
 *
 * @param path - of the filter's file
 * @param mode - default: the environment variable PROXY_WASM_TS_MODE, or "wasm"
 * @throws (rejects) an error with the place when the filter cannot be built; types are not checked
 *
 * @example
 * ```ts
 * const filter = await compileFilter("src/filter.ts", "native");
 * await using host = await TestHost.load(filter);
 * ```
 */
export async function compileFilter(path: string, mode: Mode = defaultMode()): Promise<CompiledFilter> {
  if (!SOURCE.test(path)) {
    throw new TestHostError(`compileFilter takes a filter's source, a file of TypeScript or JavaScript, not ${path}`);
  }
  return new CompiledFilter(mode === "native" ? await loadNative(path) : await build(path));
}

function defaultMode(): Mode {
  const mode = process.env["PROXY_WASM_TS_MODE"];
  if (mode !== undefined && mode !== "wasm" && mode !== "native") {
    throw new TestHostError(`the environment variable PROXY_WASM_TS_MODE must be "wasm" or "native", not "${mode}"`);
  }
  return mode ?? "wasm";
}

/** The builder is loaded when it is needed: most tests load what was built. */
async function loadNative(path: string): Promise<GuestModule> {
  const { NativeModule } = await import("./native/module.ts");
  return NativeModule.load(path);
}

async function build(path: string): Promise<GuestModule> {
  const { buildFilter } = await import("../../build/pipeline.ts");
  const folder = await mkdtemp(join(tmpdir(), "proxy-wasm-ts-"));
  try {
    const { wasm: bytes } = await buildFilter({ entry: path, outfile: join(folder, "filter.wasm"), typecheck: false });
    return guest(compile(bytes, path));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function guest(module: WasmModule): GuestModule {
  return { instantiate: (imports) => new wasm.Instance(module, imports).exports };
}

/** @throws TestHostError that says what is wrong with the module, as Envoy would refuse it, too */
export async function loadModule(source: FilterSource, mode: Mode | undefined): Promise<GuestModule> {
  if (source instanceof CompiledFilter) {
    return source.module;
  }
  if (typeof source === "string" && SOURCE.test(source)) {
    return (await compileFilter(source, mode)).module;
  }
  if (mode === "native") {
    throw new TestHostError(
      `${nameOf(source)} is a built module, and native mode runs a filter's TypeScript: give TestHost.load the path of its source`,
    );
  }
  const module = source instanceof wasm.Module ? source : compile(await bytesOf(source), nameOf(source));
  checkImports(module, nameOf(source));
  checkExports(module, nameOf(source));
  return guest(module);
}

function nameOf(source: FilterSource): string {
  return typeof source === "string" ? source : "the module";
}

async function bytesOf(source: FilterSource): Promise<Uint8Array> {
  if (source instanceof Uint8Array) {
    return source;
  }
  if (typeof source !== "string") {
    throw new TestHostError(
      "TestHost.load needs a path, the bytes of a module, a WebAssembly.Module, or what compileFilter returned",
    );
  }
  try {
    return await readFile(source);
  } catch (cause) {
    const hint = "Build it first: npm run build:wasm (or npx proxy-wasm-ts build filter.ts -o filter.wasm)";
    throw new TestHostError(`cannot read ${source}: ${messageOf(cause)}. ${hint}`, { cause });
  }
}

function compile(bytes: Uint8Array, name: string): WasmModule {
  const { buffer, byteOffset, byteLength } = bytes;
  if (byteLength < 8 || new DataView(buffer, byteOffset, byteLength).getUint32(0, true) !== 0x6d736100) {
    throw new TestHostError(
      `${name} is not a WebAssembly module: it does not begin with "\\0asm". ` +
        "TestHost.load takes a built filter (npm run build:wasm builds it), or the path of its source, such as filter.ts",
    );
  }
  try {
    return new wasm.Module(bytes);
  } catch (cause) {
    throw new TestHostError(`${name} is not a valid WebAssembly module: ${messageOf(cause)}`, { cause });
  }
}

function isOffered({ module, name, kind }: WasmImport): boolean {
  if (kind !== "function") {
    return false;
  }
  const offered: readonly string[] = module === "env" ? Object.keys(HOST_CALLS) : WASI_CALLS;
  return (module === "env" || WASI_MODULES.some((wasi) => wasi === module)) && offered.includes(name);
}

function checkImports(module: WasmModule, name: string): void {
  const unknown = wasm.Module.imports(module).filter((wanted) => !isOffered(wanted));
  if (unknown.length > 0) {
    const list = unknown.map((wanted) => `${wanted.module}.${wanted.name} (${wanted.kind})`).join(", ");
    throw new TestHostError(
      `${name} imports what no Proxy-Wasm host offers: ${list}. The host offers the proxy_* functions of ABI 0.2.1 in "env", ` +
        `and ${WASI_CALLS.join(", ")} of WASI; build the module for these`,
    );
  }
}

function checkExports(module: WasmModule, name: string): void {
  const names = wasm.Module.exports(module).map((exported) => exported.name);
  const missing = ["memory", ABI_VERSION_EXPORT].find((wanted) => !names.includes(wanted));
  if (missing !== undefined) {
    throw new TestHostError(`${name} is not a Proxy-Wasm filter of ABI 0.2.1: it does not export ${missing}`);
  }
}
