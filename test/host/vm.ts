import type { Callback } from "../../src/abi/index.ts";
import type { Log } from "./log.ts";
import { GuestMemory } from "./memory.ts";
import type { Transcript } from "./transcript.ts";
import type { GuestModule, WasmExports, WasmImports, WasmMemory } from "./wasm-api.ts";

/** Not a callback, and always allowed: where results of the host go. */
const ALLOCATE = "proxy_on_memory_allocate";

type Exported = (...parameters: number[]) => unknown;

/** The value of a stream's callback whose stream was answered in it: whatever the module returned, the stream stops. */
export const STOPPED = -1;

/**
 * The module at work. It runs one callback at a time and is never entered while one runs. What leaves a callback by an
 * exception (a trap, `proc_exit`, a stack overflow) has broken the module: it is not called again.
 */
export class Vm {
  readonly #log: Log;
  readonly #transcript: Transcript;
  readonly #onFailure: () => void;
  readonly #onCallback: (contextId: number, milliseconds: number) => void;
  #exports: WasmExports = {};
  #memory: GuestMemory | undefined;
  #running: string | undefined;
  #current = 0;
  #effective = 0;
  #failed = false;
  #iterationStopped = false;
  #restricted = false;
  readonly #afterCall: (() => void)[] = [];

  /**
   * @param onFailure - called once, after the callback that broke the module
   * @param onCallback - is told how long each callback took
   */
  constructor(
    log: Log,
    transcript: Transcript,
    onFailure: () => void,
    onCallback: (contextId: number, milliseconds: number) => void,
  ) {
    this.#log = log;
    this.#transcript = transcript;
    this.#onFailure = onFailure;
    this.#onCallback = onCallback;
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

  /** The running callback's own context. */
  get currentId(): number {
    return this.#current;
  }

  /** proxy_set_effective_context; it holds until the callback ends. */
  setEffectiveContext(id: number): void {
    this.#effective = id;
  }

  /** While the module initialises itself or allocates for the host, Envoy traps at every host call but proxy_log. */
  get isRestricted(): boolean {
    return this.#restricted;
  }

  /** Runs something when the running callback has returned, before its result counts; or now, when none runs. */
  defer(action: () => void): void {
    this.#afterCall.push(action);
    if (this.#running === undefined) {
      this.#runDeferred();
    }
  }

  /** proxy_send_local_response was called: a callback of a stream does not let it go on, whichever stream was answered. */
  stopIteration(): void {
    this.#iterationStopped = true;
  }

  /**
   * @param isAllowed - whether the host may call a callback that the module exports
   * @throws what instantiation throws, for example that an import is missing
   */
  instantiate(module: GuestModule, isAllowed: (callback: string) => boolean, imports: WasmImports): void {
    const exported = Object.entries(module.instantiate(imports));
    this.#exports = Object.fromEntries(
      exported.filter(([name]) => !name.startsWith("proxy_on_") || name === ALLOCATE || isAllowed(name)),
    );
    // Envoy prefers malloc.
    const allocate = this.#function("malloc") ?? this.#function(ALLOCATE) ?? (() => 0);
    this.#memory = new GuestMemory(this.#exports["memory"] as WasmMemory, (size) =>
      this.#restrict(() => Number(allocate(size))),
    );
    this.#restrict(() => {
      this.#initialize();
    });
  }

  /** A reactor is initialised, and its main function is called, too, if it has one; a command is started. */
  #initialize(): void {
    if (this.#function("_initialize") === undefined) {
      this.#run("_start", []);
      return;
    }
    this.#run("_initialize", []);
    this.#run(this.#function("main") === undefined ? "__main_void" : "main", [0, 0]);
  }

  #restrict<R>(run: () => R): R {
    const before = this.#restricted;
    this.#restricted = true;
    try {
      return run();
    } finally {
      this.#restricted = before;
    }
  }

  exports(callback: Callback): boolean {
    return this.#function(callback) !== undefined;
  }

  /** What the callback returned; undefined when the module does not export it or is broken. */
  call(callback: Callback, contextId: number, ...parameters: number[]): number | undefined {
    return this.#run(callback, [contextId, ...parameters])?.value;
  }

  /** Calls the module, and does something before anything that the callback has deferred. */
  callThen(after: () => void, callback: Callback, contextId: number, ...parameters: number[]): void {
    let isDone = false;
    const once = () => {
      if (!isDone) {
        isDone = true;
        after();
      }
    };
    this.#afterCall.push(once);
    this.call(callback, contextId, ...parameters);
    once(); // when there is no such callback, or when it broke the module
  }

  /** Calls what returns an action for an HTTP stream: STOPPED when a local response was sent in it. */
  callStream(callback: Callback, contextId: number, ...parameters: number[]): number | undefined {
    const outcome = this.#run(callback, [contextId, ...parameters]);
    return outcome?.stopped === true ? STOPPED : outcome?.value;
  }

  #run(name: string, parameters: number[]): { readonly value: number; readonly stopped: boolean } | undefined {
    const run = this.#function(name);
    if (run === undefined || this.#failed) {
      return undefined;
    }
    if (this.#running !== undefined) {
      throw new Error(`the host called ${name} while ${this.#running} was running`);
    }
    this.#transcript.enter(name, parameters);
    this.#running = name;
    const contextId = (this.#current = parameters[0] ?? 0);
    const start = performance.now();
    let value: number | undefined;
    try {
      value = Number(run(...parameters) ?? 0);
    } catch (error) {
      this.#failed = true;
      this.#log.add("error", `Function: ${name} failed: ${describe(error)}`);
    } finally {
      this.#running = undefined;
      this.#current = this.#effective = 0;
      this.#transcript.leave(name, value);
      this.#onCallback(contextId, performance.now() - start);
    }
    const stopped = this.#iterationStopped;
    this.#iterationStopped = false;
    if (value === undefined) {
      this.#afterCall.length = 0;
      this.#onFailure();
      return undefined;
    }
    this.#runDeferred();
    return { value, stopped };
  }

  #runDeferred(): void {
    for (let action = this.#afterCall.shift(); action !== undefined; action = this.#afterCall.shift()) {
      action();
    }
  }

  #function(name: string): Exported | undefined {
    const value = this.#exports[name];
    return typeof value === "function" ? (value as Exported) : undefined;
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
