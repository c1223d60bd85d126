import type { Callback } from "../../src/abi/index.ts";
import type { Log } from "./log.ts";
import { GuestMemory } from "./memory.ts";
import { wasm } from "./wasm-api.ts";
import type { WasmExports, WasmImports, WasmMemory, WasmModule } from "./wasm-api.ts";

type Exported = (...parameters: number[]) => unknown;

/**
 * The module at work. It runs one callback at a time and is never entered while one runs. What leaves a callback by an
 * exception (a trap, `proc_exit`, a stack overflow) has broken the module: it is not called again.
 */
export class Vm {
  readonly #log: Log;
  readonly #onFailure: () => void;
  #exports: WasmExports = {};
  #memory: GuestMemory | undefined;
  #running: string | undefined;
  #current = 0;
  #effective = 0;
  #failed = false;

  /** @param onFailure - called once, after the callback that broke the module */
  constructor(log: Log, onFailure: () => void) {
    this.#log = log;
    this.#onFailure = onFailure;
  }

  get failed(): boolean {
    return this.#failed;
  }

  get memory(): GuestMemory {
    if (this.#memory === undefined) {
      throw new Error("a host call while the module is being instantiated: its memory is not there yet");
    }
    return this.#memory;
  }

  /** The context that host calls are for: the callback's own, until the module chooses another. */
  get contextId(): number {
    return this.#effective === 0 ? this.#current : this.#effective;
  }

  /** proxy_set_effective_context; it holds until the callback ends. */
  setEffectiveContext(id: number): void {
    this.#effective = id;
  }

  /** @throws what instantiation throws, for example that an import is missing */
  instantiate(module: WasmModule, imports: WasmImports): void {
    this.#exports = new wasm.Instance(module, imports).exports;
    // Envoy prefers malloc.
    const allocate = this.#function("malloc") ?? this.#function("proxy_on_memory_allocate") ?? (() => 0);
    this.#memory = new GuestMemory(this.#exports["memory"] as WasmMemory, (size) => Number(allocate(size)));
    this.#run("_initialize", []);
  }

  exports(callback: Callback): boolean {
    return this.#function(callback) !== undefined;
  }

  /** What the callback returned; undefined when the module does not export it or is broken. */
  call(callback: Callback, contextId: number, ...parameters: number[]): number | undefined {
    return this.#run(callback, [contextId, ...parameters]);
  }

  #run(name: string, parameters: number[]): number | undefined {
    const run = this.#function(name);
    if (run === undefined || this.#failed) {
      return undefined;
    }
    if (this.#running !== undefined) {
      throw new Error(`the host called ${name} while ${this.#running} was running`);
    }
    this.#running = name;
    this.#current = parameters[0] ?? 0;
    try {
      return Number(run(...parameters) ?? 0);
    } catch (error) {
      this.#failed = true;
      this.#log.add("error", `Function: ${name} failed: ${describe(error)}`);
    } finally {
      this.#running = undefined;
      this.#current = this.#effective = 0;
    }
    this.#onFailure();
    return undefined;
  }

  #function(name: string): Exported | undefined {
    const value = this.#exports[name];
    return typeof value === "function" ? (value as Exported) : undefined;
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
