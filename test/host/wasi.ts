/**
 * The WASI functions that Envoy offers (proxy-wasm-cpp-host, exports.cc): the clock, random numbers, output to the log,
 * and environment variables. There are no files and no arguments.
 */

import { randomFillSync } from "node:crypto";

import { WASI_CALLS } from "../../src/abi/index.ts";
import { bytesToText, textToBytes } from "./byte-string.ts";
import type { Clock } from "./clock.ts";
import type { Interference } from "./interference.ts";
import type { Log } from "./log.ts";
import type { Vm } from "./vm.ts";
import type { WasmFunction } from "./wasm-api.ts";

const SUCCESS = 0;
const EBADF = 8;
const EFAULT = 21;
const EINVAL = 28;
const ENOTSUP = 58;
/** What random_get gives at once (proxy-wasm-cpp-host, limits.h). */
const MAX_RANDOM = 64 * 1024;

type WasiCall = (typeof WASI_CALLS)[number];

export function wasiImports(
  vm: Vm,
  log: Log,
  clock: Clock,
  env: Readonly<Record<string, string>>,
  interference: Interference,
): Record<string, WasmFunction> {
  const variables = Object.entries(env).map(([name, value]) => textToBytes(`${name}=${value}\0`));
  const size = variables.reduce((total, { length }) => total + length, 0);
  const sizes = (countAt: number, sizeAt: number, count: number, bytes: number) =>
    vm.memory.writeU32(countAt >>> 0, count) && vm.memory.writeU32(sizeAt >>> 0, bytes) ? SUCCESS : EFAULT;
  const imports: Record<WasiCall, WasmFunction> = {
    args_get: () => SUCCESS,
    args_sizes_get: (countAt: number, sizeAt: number) => sizes(countAt, sizeAt, 0, 0),
    environ_get(list: number, at: number) {
      let [listAt, textAt] = [list >>> 0, at >>> 0];
      for (const variable of variables) {
        const target = vm.memory.view(textAt, variable.length);
        if (target === undefined || !vm.memory.writeU32(listAt, textAt)) {
          return EFAULT;
        }
        target.set(variable);
        listAt += 4;
        textAt += variable.length;
      }
      return SUCCESS;
    },
    environ_sizes_get: (countAt: number, sizeAt: number) => sizes(countAt, sizeAt, variables.length, size),
    clock_time_get(id: number, _precision: bigint, at: number) {
      if (id !== 0 && id !== 1) {
        return ENOTSUP;
      }
      return vm.memory.writeU64(at >>> 0, id === 0 ? clock.now() : clock.monotonic()) ? SUCCESS : EFAULT;
    },
    random_get(pointer: number, size: number) {
      if (size >>> 0 > MAX_RANDOM) {
        return EINVAL;
      }
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
  return Object.fromEntries(
    Object.entries(imports).map(([name, run]) => [
      name,
      (...parameters: never[]) => interference.wasiErrorOf(name) ?? run(...parameters),
    ]),
  );
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
