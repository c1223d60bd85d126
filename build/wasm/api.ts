/**
 * The part of the WebAssembly JavaScript API that a build uses. Neither ES2023's library nor Node's types declare it, and the
 * DOM's library would declare much that Node does not have.
 */

export type WasmFunction = (...parameters: never[]) => unknown;
export type ImportObject = Record<string, Record<string, WasmFunction>>;

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

export interface WasmModule {
  readonly [Symbol.toStringTag]: "WebAssembly.Module";
}

export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}

interface WebAssemblyApi {
  readonly Module: {
    new (bytes: Uint8Array): WasmModule;
    imports: (module: WasmModule) => { readonly module: string; readonly name: string; readonly kind: string }[];
  };
  readonly Instance: new (module: WasmModule, imports: ImportObject) => WasmInstance;
  /** A trap. */
  readonly RuntimeError: new (message?: string) => Error;
}

export const wasm: WebAssemblyApi = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;
