import { readFile } from "node:fs/promises";

import { gzipSize } from "../build/gzip-size.ts";
import { wasm } from "../build/wasm/api.ts";
import type { WasmFunction, WasmMemory } from "../build/wasm/api.ts";
import type { BenchFilter } from "./modules.ts";

/** How large a filter's code is, in bytes. */
export interface Footprint {
  readonly bytes: number;
  readonly gzipBytes: number;
  /** Linear memory when the plugin has started; undefined for what is no module. */
  readonly memoryBytes?: number;
}

/** undefined for Envoy's own filters, which have no code. @throws Error when there is no such module */
export async function footprintOf({ code }: BenchFilter): Promise<Footprint | undefined> {
  if (code.kind === "wasm") {
    const bytes = await readFile(code.wasm);
    return { ...(await sizesOf(bytes)), memoryBytes: memoryAtStart(bytes) };
  }
  return code.source === undefined ? undefined : sizesOf(Buffer.from(code.source));
}

async function sizesOf(bytes: Uint8Array): Promise<Footprint> {
  return { bytes: bytes.length, gzipBytes: await gzipSize(bytes) };
}

/** WASI: there is no such file. */
const EBADF = 8;

type Exported = (...parameters: number[]) => unknown;

/**
 * Starts a module as Envoy does, with a plugin without a configuration. No host is behind it: each host call says that it went well,
 * and gives nothing.
 */
function memoryAtStart(bytes: Uint8Array): number {
  const module = new wasm.Module(bytes);
  const exports: { value: Readonly<Record<string, unknown>> } = { value: {} };
  const memory = () => (exports.value["memory"] as WasmMemory).buffer;
  const zeros =
    (...places: number[]): WasmFunction =>
    (...parameters: number[]) => {
      for (const place of places) {
        new DataView(memory()).setUint32((parameters[place] ?? 0) >>> 0, 0, true);
      }
      return 0;
    };
  // Where they write the addresses and sizes of what they give; see the specification.
  const results: Readonly<Record<string, readonly number[]>> = {
    proxy_get_buffer_bytes: [3, 4],
    proxy_get_property: [2, 3],
    proxy_get_header_map_pairs: [1, 2],
    args_sizes_get: [0, 1],
    environ_sizes_get: [0, 1],
  };
  // Go's runtime takes a clock that stands at 0 for a broken one.
  const now: WasmFunction = (_id: number, _precision: bigint, at: number) => {
    new DataView(memory()).setBigUint64(at >>> 0, process.hrtime.bigint(), true);
    return 0;
  };
  const noFile = () => EBADF;
  const imports: Record<string, Record<string, WasmFunction>> = {};
  for (const { module: from, name } of wasm.Module.imports(module)) {
    const call = name === "clock_time_get" ? now : name.startsWith("fd_") ? noFile : zeros(...(results[name] ?? []));
    (imports[from] ??= {})[name] = call;
  }
  exports.value = new wasm.Instance(module, imports).exports;
  const call = (name: string, ...parameters: number[]) =>
    (exports.value[name] as Exported | undefined)?.(...parameters);
  call(exports.value["_initialize"] === undefined ? "_start" : "_initialize");
  call("proxy_on_context_create", 1, 0);
  call("proxy_on_vm_start", 1, 0);
  call("proxy_on_configure", 1, 0);
  return memory().byteLength;
}
