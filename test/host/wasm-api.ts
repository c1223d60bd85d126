/**
 * The part of the WebAssembly JavaScript API that the host uses. Neither ES2023's library nor Node's types declare it, and the
 * DOM's library would declare much that Node does not have.
 */

export type WasmFunction = (...parameters: never[]) => unknown;
export type WasmImports = Record<string, Record<string, WasmFunction>>;
export type WasmExports = Readonly<Record<string, unknown>>;

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  /** In pages of 64 KiB. */
  grow: (pages: number) => number;
}

/** Imports that only the host's own stand-in for a module knows: the host calls, without a record of them. */
export const UNRECORDED = "env.unrecorded";

/** A `WebAssembly.Module`. */
export type WasmModule = object;

/** What the host can run: a module, or what behaves like one. */
export interface GuestModule {
  /** @throws what instantiation throws, for example that an import is missing */
  instantiate: (imports: WasmImports) => WasmExports;
}

export interface WasmImport {
  readonly module: string;
  readonly name: string;
  readonly kind: string;
}

interface WebAssemblyApi {
  readonly Module: {
    new (bytes: Uint8Array): WasmModule;
    imports: (module: WasmModule) => WasmImport[];
    exports: (module: WasmModule) => { readonly name: string; readonly kind: string }[];
  };
  readonly Memory: new (size: { readonly initial: number }) => WasmMemory;
  readonly Instance: new (module: WasmModule, imports: WasmImports) => { readonly exports: WasmExports };
}

export const wasm: WebAssemblyApi = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;
