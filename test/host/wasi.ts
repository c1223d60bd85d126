/**
 * The WASI functions that Envoy offers (proxy-wasm-cpp-host, exports.cc): the clock, random numbers, and output to the log.
 * There are no files, arguments or environment variables.
 */

import { randomFillSync } from "node:crypto";

import { WASI_CALLS } from "../../src/abi/index.ts";
import { bytesToText } from "./byte-string.ts";
import type { Log } from "./log.ts";
import type { Vm } from "./vm.ts";
import type { WasmFunction } from "./wasm-api.ts";

const SUCCESS = 0;
const EBADF = 8;
const EFAULT = 21;
const ENOTSUP = 58;

type WasiCall = (typeof WASI_CALLS)[number];

/** Nanoseconds since 1970. */
export function currentTime(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}

function clock(id: number): bigint | undefined {
  switch (id) {
    case 0:
      return currentTime();
    case 1:
      return process.hrtime.bigint();
    default:
      return undefined;
  }
}

export function wasiImports(vm: Vm, log: Log): Record<string, WasmFunction> {
  const noList = (count: number, size: number) =>
    vm.memory.writeU32(count >>> 0, 0) && vm.memory.writeU32(size >>> 0, 0) ? SUCCESS : EFAULT;
  const imports: Record<WasiCall, WasmFunction> = {
    args_get: () => SUCCESS,
    args_sizes_get: noList,
    environ_get: () => SUCCESS,
    environ_sizes_get: noList,
    clock_time_get(id: number, _precision: bigint, at: number) {
      const time = clock(id);
      if (time === undefined) {
        return ENOTSUP;
      }
      return vm.memory.writeU64(at >>> 0, time) ? SUCCESS : EFAULT;
    },
    random_get(pointer: number, size: number) {
      const bytes = vm.memory.view(pointer >>> 0, size >>> 0);
      if (bytes === undefined) {
        return EFAULT;
      }
      randomFillSync(bytes);
      return SUCCESS;
    },
    fd_write: (file: number, vectors: number, count: number, written: number) =>
      writeToLog(vm, log, file, vectors >>> 0, count >>> 0, written >>> 0),
    fd_close: () => EBADF,
    fd_fdstat_get: () => EBADF,
    fd_read: () => EBADF,
    fd_seek: () => EBADF,
    proc_exit(status: number) {
      throw new Error(`the module called proc_exit(${status})`);
    },
  };
  return imports;
}

function writeToLog(vm: Vm, log: Log, file: number, vectors: number, count: number, written: number): number {
  if (file !== 1 && file !== 2) {
    return EBADF;
  }
  const parts: Uint8Array[] = [];
  for (let at = vectors; at < vectors + count * 8; at += 8) {
    const [pointer, size] = [vm.memory.readU32(at), vm.memory.readU32(at + 4)];
    const part = pointer === undefined || size === undefined ? undefined : vm.memory.read(pointer, size);
    if (part === undefined) {
      return EFAULT;
    }
    parts.push(part);
  }
  const output = Buffer.concat(parts);
  if (output.length > 0) {
    log.add(file === 1 ? "info" : "error", bytesToText(output).replace(/\n$/, ""));
  }
  return vm.memory.writeU32(written, output.length) ? SUCCESS : EFAULT;
}
