import { HOST_CALLS, Status } from "../../../src/abi/index.ts";
import { encodePairs } from "../../host/pairs.ts";
import type { HeaderPair } from "../../host/pairs.ts";
import type { GuestModule, WasmExports, WasmFunction, WasmImports, WasmMemory } from "../../host/wasm-api.ts";
import { wasm } from "../../host/wasm-api.ts";

const PLUGIN = 1;
const PAUSE = 1;
const ENOSYS = 52;

/**
 * The least of a host, for millions of streams: one header list and one body for whatever is asked, calls that are answered when the
 * test says so, and a clock that stands still.
 */
export class DirectHost {
  /** What the module logged as an error. */
  readonly errors: string[] = [];
  /** The ids of calls that are not answered, in the order in which they were made. */
  readonly calls: number[] = [];
  /** How often a stream went on after it had been paused. */
  continued = 0;
  readonly #exports: WasmExports;
  #headers: Uint8Array = new Uint8Array();
  #body: Uint8Array = new Uint8Array();
  #lastCall = 0;

  constructor(guest: GuestModule) {
    const imports: WasmImports = { env: {}, wasi_snapshot_preview1: {} };
    for (const name of Object.keys(HOST_CALLS)) {
      (imports["env"] ??= {})[name] = this.#hostCall(name);
    }
    imports["wasi_snapshot_preview1"] = {
      clock_time_get: (_clock: number, _precision: bigint, result: number) => {
        this.#view.setBigUint64(result, 1n, true);
        return 0;
      },
      random_get: () => ENOSYS,
    };
    this.#exports = guest.instantiate(imports);
    this.#call("proxy_on_context_create", PLUGIN, 0);
    this.#call("proxy_on_vm_start", PLUGIN, 0);
    this.#call("proxy_on_configure", PLUGIN, 0);
  }

  /** For modules that are not metered. */
  static of(bytes: Uint8Array): DirectHost {
    const module = new wasm.Module(bytes);
    return new DirectHost({ instantiate: (imports) => new wasm.Instance(module, imports).exports });
  }

  /** Linear memory; it never shrinks. */
  get memoryBytes(): number {
    return this.#memory.buffer.byteLength;
  }

  /** Returns whether the stream waits. */
  request(stream: number, headers: readonly HeaderPair[], hasBody: boolean): boolean {
    this.#headers = encodePairs(headers);
    this.#call("proxy_on_context_create", stream, PLUGIN);
    return this.#call("proxy_on_request_headers", stream, headers.length, hasBody ? 0 : 1) === PAUSE;
  }

  requestBody(stream: number, body: Uint8Array): void {
    this.#body = body;
    this.#call("proxy_on_request_body", stream, body.length, 1);
  }

  responseHeaders(stream: number, headers: readonly HeaderPair[]): void {
    this.#headers = encodePairs(headers);
    this.#call("proxy_on_response_headers", stream, headers.length, 1);
  }

  answer(call: number, body: Uint8Array): void {
    const headers: HeaderPair[] = [[":status", "200"]];
    this.#headers = encodePairs(headers);
    this.#body = body;
    this.calls.splice(this.calls.indexOf(call), 1);
    this.#call("proxy_on_http_call_response", PLUGIN, call, headers.length, body.length, 0);
  }

  end(stream: number): void {
    this.#call("proxy_on_done", stream);
    this.#call("proxy_on_log", stream);
    this.#call("proxy_on_delete", stream);
  }

  /** Hosts call what is exported. */
  #call(name: string, ...parameters: number[]): number | undefined {
    return (this.#exports[name] as ((...parameters: number[]) => number) | undefined)?.(...parameters);
  }

  get #memory(): WasmMemory {
    return this.#exports["memory"] as WasmMemory;
  }

  get #view(): DataView {
    return new DataView(this.#memory.buffer);
  }

  /** Hands bytes over as hosts do, in memory of the module's. */
  #give(bytes: Uint8Array, pointer: number, size: number): number {
    if (bytes.length > 0) {
      const block = this.#call("proxy_on_memory_allocate", bytes.length) ?? 0;
      new Uint8Array(this.#memory.buffer).set(bytes, block);
      this.#view.setUint32(pointer, block, true);
    }
    this.#view.setUint32(size, bytes.length, true);
    return Status.Ok;
  }

  #hostCall(name: string): WasmFunction {
    switch (name) {
      case "proxy_log":
        return (level: number, pointer: number, size: number) => {
          if (level >= 4) {
            this.errors.push(Buffer.from(this.#memory.buffer, pointer, size).toString());
          }
          return Status.Ok;
        };
      case "proxy_get_header_map_pairs":
        return (_type: number, pointer: number, size: number) => this.#give(this.#headers, pointer, size);
      case "proxy_get_header_map_value":
        return (_type: number, key: number, keySize: number, pointer: number, size: number) => {
          const value = this.#headerValue(Buffer.from(this.#memory.buffer, key, keySize).toString());
          return value === undefined ? Status.NotFound : this.#give(value, pointer, size);
        };
      case "proxy_get_buffer_bytes":
        return (_type: number, offset: number, length: number, pointer: number, size: number) =>
          this.#give(this.#body.subarray(offset, offset + length), pointer, size);
      case "proxy_http_call":
        return (...parameters: number[]) => {
          this.calls.push(++this.#lastCall);
          this.#view.setUint32(parameters.at(-1) ?? 0, this.#lastCall, true);
          return Status.Ok;
        };
      case "proxy_continue_stream":
        return () => {
          this.continued++;
          return Status.Ok;
        };
      default:
        return () => (name.startsWith("proxy_get_") ? Status.NotFound : Status.Ok);
    }
  }

  #headerValue(name: string): Uint8Array | undefined {
    const text = Buffer.from(this.#headers);
    const count = text.length === 0 ? 0 : text.readUInt32LE(0);
    let at = 4 + 8 * count;
    for (let pair = 0; pair < count; pair++) {
      const [nameSize, valueSize] = [text.readUInt32LE(4 + 8 * pair), text.readUInt32LE(8 + 8 * pair)];
      if (text.toString("latin1", at, at + nameSize) === name) {
        return text.subarray(at + nameSize + 1, at + nameSize + 1 + valueSize);
      }
      at += nameSize + valueSize + 2;
    }
    return undefined;
  }
}
