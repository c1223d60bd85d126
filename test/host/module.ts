import { readFile } from "node:fs/promises";

import { ABI_VERSION_EXPORT, HOST_CALLS, WASI_CALLS } from "../../src/abi/index.ts";
import { messageOf, TestHostError } from "./errors.ts";
import { wasm } from "./wasm-api.ts";
import type { WasmImport, WasmModule } from "./wasm-api.ts";

/** Names under which modules import WASI; Envoy knows both. */
export const WASI_MODULES = ["wasi_snapshot_preview1", "wasi_unstable"] as const;

/** A built filter: the path of its file, its bytes, or the compiled `WebAssembly.Module`, which saves time when it is loaded often. */
export type FilterSource = string | Uint8Array | WasmModule;

/** @throws TestHostError that says what is wrong with the module, as Envoy would refuse it, too */
export async function loadModule(source: FilterSource): Promise<WasmModule> {
  const module = source instanceof wasm.Module ? source : compile(await bytesOf(source), nameOf(source));
  checkImports(module, nameOf(source));
  checkExports(module, nameOf(source));
  return module;
}

function nameOf(source: FilterSource): string {
  return typeof source === "string" ? source : "the module";
}

async function bytesOf(source: FilterSource): Promise<Uint8Array> {
  if (source instanceof Uint8Array) {
    return source;
  }
  if (typeof source !== "string") {
    throw new TestHostError("TestHost.load needs a path, the bytes of a module, or a WebAssembly.Module");
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
        "TestHost.load takes the built filter, not its source: npm run build:wasm builds it",
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
