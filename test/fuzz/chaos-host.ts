import { HOST_CALLS } from "../../src/abi/index.ts";
import { wasm } from "../host/wasm-api.ts";
import type { WasmFunction, WasmMemory, WasmModule } from "../host/wasm-api.ts";

/** What the host does with the next host calls. */
export interface Answer {
  readonly status: number;
  readonly data: Uint8Array;
  /** 0: a length without a pointer; 1: no length; others: the truth. */
  readonly lie: number;
  /** What the host does within the host call. */
  readonly within?: Event | undefined;
}

/** A callback, and what it is called with. */
export interface Event {
  readonly callback: number;
  readonly parameters: readonly number[];
}

const OK = 0;
const ROOT = 1;
/** Ids that events and answers share, so that they meet. */
const FIRST_STREAM = 10;
const MAX_DEPTH = 2;

type Exports = Record<string, (...parameters: number[]) => number>;

/** A host that answers as it is told, and otherwise keeps to nothing. */
export class ChaosHost {
  /** Taken in turn; none: an honest host that has nothing. */
  answers: readonly Answer[] = [];
  /** By a restriction, for example. */
  refusesClock = false;
  readonly #exports: Exports;
  readonly #memory: WasmMemory;
  readonly #callbacks: readonly string[];
  readonly #created = new Set<number>();
  #calls = 0;
  #depth = 0;
  #streams = 1000;

  constructor(module: WasmModule) {
    const imports: Record<string, Record<string, WasmFunction>> = {};
    for (const { module: space, name } of wasm.Module.imports(module)) {
      (imports[space] ??= {})[name] = (...parameters: number[]) => this.#answer(name, parameters);
    }
    const { exports } = new wasm.Instance(module, imports);
    this.#exports = exports as unknown as Exports;
    this.#memory = exports["memory"] as WasmMemory;
    this.#callbacks = Object.keys(exports).filter((name) => name.startsWith("proxy_on_"));
    this.#run("proxy_on_vm_start", ROOT, 0);
    this.#run("proxy_on_context_create", ROOT, 0);
    this.#run("proxy_on_configure", ROOT, 0);
  }

  #run(name: string, ...parameters: number[]): number | undefined {
    return this.#exports[name]?.(...parameters);
  }

  /** The size of the module's memory, which never becomes smaller. */
  get memoryBytes(): number {
    return this.#memory.buffer.byteLength;
  }

  /** The number by which an event means the callback. */
  numberOf(name: string): number {
    return this.#callbacks.indexOf(name);
  }

  /** Calls one of the module's callbacks. Contexts are few. */
  call({ callback, parameters: [first = 0, ...parameters] }: Event): void {
    const name = this.#callbacks[callback % this.#callbacks.length] ?? "";
    if (name === "proxy_on_memory_allocate") {
      return;
    }
    const context = first < 13 ? ([ROOT, ROOT, 2, 3][first] ?? FIRST_STREAM + (first % 4)) : first;
    if (name === "proxy_on_delete" && context === ROOT) {
      return;
    }
    if (name === "proxy_on_context_create") {
      this.#created.add(context);
      this.#run(name, context, (parameters[0] ?? 0) % 3 === 0 ? 0 : ROOT);
    } else {
      this.#run(name, context, ...parameters);
    }
  }

  /** Whether an ordinary stream passes. */
  serves(): boolean {
    this.answers = [];
    this.#created.delete(ROOT);
    for (const id of this.#created) {
      this.#run("proxy_on_delete", id);
    }
    this.#created.clear();
    this.#run("proxy_on_configure", ROOT, 0);
    const id = ++this.#streams;
    this.#run("proxy_on_context_create", id, ROOT);
    const starts = this.#callbacks.filter((name) => /_(request_headers|new_connection)$/.test(name));
    const actions = starts.map((name) => this.#run(name, id, 0, 1));
    for (const name of this.#callbacks.filter((each) => /_(done|log|delete)$/.test(each))) {
      this.#run(name, id);
    }
    return actions.every((action) => action === 0 || action === 1);
  }

  #answer(name: string, parameters: readonly number[]): number {
    if (name === "clock_time_get" && !this.refusesClock) {
      new DataView(this.#memory.buffer).setBigUint64(parameters[2] ?? 0, process.hrtime.bigint(), true);
      return OK;
    }
    if (!(name in HOST_CALLS)) {
      return 76;
    }
    const answer = this.answers[this.#calls++ % Math.max(1, this.answers.length)];
    if (answer?.within !== undefined && this.#depth < MAX_DEPTH) {
      this.#depth++;
      this.call(answer.within);
      this.#depth--;
    }
    if (
      /^proxy_get_(buffer_bytes|header_map_pairs|header_map_value|property|shared_data|status)$|dequeue|call_foreign/.test(
        name,
      )
    ) {
      return this.#give(name, parameters, answer);
    }
    if (/http_call|grpc_call|grpc_stream|define_metric|register_shared|resolve_shared/.test(name)) {
      new DataView(this.#memory.buffer).setUint32(parameters.at(-1) ?? 0, this.#calls % 8, true);
    }
    return answer === undefined ? OK : answer.status;
  }

  /** Two out-parameters: a pointer and a length; they are the last ones, but for a version after them. */
  #give(name: string, parameters: readonly number[], answer: Answer | undefined): number {
    if (answer === undefined) {
      return 1; // NotFound
    }
    const at = parameters.length - (name === "proxy_get_shared_data" ? 3 : 2);
    const pointer = this.#exports["malloc"]?.(answer.data.length) ?? 0;
    const memory = new Uint8Array(this.#memory.buffer);
    memory.set(answer.data, pointer);
    const view = new DataView(this.#memory.buffer);
    view.setUint32(parameters[at] ?? 0, answer.lie === 0 ? 0 : pointer, true);
    view.setUint32(parameters[at + 1] ?? 0, answer.lie === 1 ? 0 : answer.data.length, true);
    return answer.status;
  }
}
