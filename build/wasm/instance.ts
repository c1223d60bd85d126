import { wasm } from "./api.ts";
import type { ImportObject, WasmFunction, WasmMemory, WasmModule } from "./api.ts";

/** WASI's errno for what is not there. */
const ENOSYS = 52;

const utf8 = new TextDecoder();

/** An engine module at work in Node, in a world without time, files or chance: the same input gives the same bytes. */
export class EngineInstance {
  readonly #exports: Readonly<Record<string, unknown>>;
  /** What the C library wrote: an assertion's text, mostly. */
  #output = "";

  /**
   * @param env - makes the host call of a name, for what the module imports from `env`
   */
  constructor(module: WasmModule, env: (name: string, instance: EngineInstance) => WasmFunction) {
    const imports: ImportObject = {};
    for (const { module: from, name } of wasm.Module.imports(module)) {
      (imports[from] ??= {})[name] = from === "env" ? env(name, this) : this.#wasiCall(name);
    }
    this.#exports = new wasm.Instance(module, imports).exports;
    this.call("_initialize");
  }

  get memory(): Uint8Array {
    return new Uint8Array((this.#exports["memory"] as WasmMemory).buffer);
  }

  /** @throws Error when the module traps */
  call(name: string, ...parameters: number[]): number {
    const call = this.#exports[name] as ((...parameters: number[]) => number) | undefined;
    if (call === undefined) {
      throw new Error(`the engine has no export ${name}; "npm run build:engine" makes it again`);
    }
    try {
      return call(...parameters);
    } catch (cause) {
      const output = this.#output === "" ? "" : `: ${this.#output.trim()}`;
      throw new Error(`the engine stopped in ${name}${output}`, { cause });
    }
  }

  /** The value of an exported global. */
  global(name: string): unknown {
    return (this.#exports[name] as { readonly value: unknown }).value;
  }

  /** Bytes at a pointer, copied. */
  read(pointer: number, length: number): Uint8Array {
    return this.memory.slice(pointer, pointer + length);
  }

  readText(pointer: number, length: number): string {
    return utf8.decode(this.read(pointer, length));
  }

  /** The same, and leaves zeros there: what a snapshot need not keep. */
  takeText(pointer: number, length: number): string {
    const text = this.readText(pointer, length);
    this.memory.fill(0, pointer, pointer + length);
    return text;
  }

  /** Puts bytes where the module can read them. */
  write(allocate: string, bytes: Uint8Array): number {
    const pointer = this.call(allocate, bytes.length);
    this.memory.set(bytes, pointer);
    return pointer;
  }

  #wasiCall(name: string): WasmFunction {
    const view = () => new DataView(this.memory.buffer);
    switch (name) {
      case "clock_time_get":
        return (_clock: number, _precision: bigint, time: number) => {
          view().setBigUint64(time, 0n, true);
          return 0;
        };
      case "fd_write":
        return (_file: number, vectors: number, count: number, written: number) => {
          let total = 0;
          for (let at = vectors; at < vectors + count * 8; at += 8) {
            const length = view().getUint32(at + 4, true);
            this.#output += this.readText(view().getUint32(at, true), length);
            total += length;
          }
          view().setUint32(written, total, true);
          return 0;
        };
      case "proc_exit":
        return (status: number) => {
          throw new Error(`proc_exit(${status})`);
        };
      default:
        return () => ENOSYS;
    }
  }
}
