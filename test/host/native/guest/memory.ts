/**
 * The guest's memory, which only host calls go through: what they read and write is copied at once, so that all of it is free
 * again when a callback has ended.
 */

import { Status } from "../../../../src/abi/index.ts";
import type { HostCall } from "../../../../src/abi/index.ts";
import { boundary } from "./boundary.ts";
import type { HostFunction } from "./boundary.ts";
import { vm } from "./state.ts";

const PAGE = 65536;
/** Address 0 stands for nothing. */
const START = 64;

let top = START;

/** For the host, too, which puts results there. */
export function allocate(size: number): number {
  const at = top;
  top = (top + size + 7) & ~7;
  const missing = top - boundary.memory.buffer.byteLength;
  if (missing > 0) {
    boundary.memory.grow(Math.ceil(missing / PAGE));
  }
  return at;
}

export function memorySize(): number {
  return boundary.memory.buffer.byteLength;
}

export function freeAll(): void {
  top = START;
}

function dataView(): DataView {
  return new DataView(boundary.memory.buffer);
}

export function readMemory(at: number, size: number): Uint8Array {
  return new Uint8Array(boundary.memory.buffer, at, size).slice();
}

function write(bytes: Uint8Array): number {
  const at = allocate(bytes.length);
  new Uint8Array(boundary.memory.buffer).set(bytes, at);
  return at;
}

/** A result that the host puts into memory. */
export interface Out {
  readonly addresses: readonly number[];
}

export class OutBytes implements Out {
  readonly addresses: readonly [number, number];

  constructor() {
    const at = allocate(8);
    this.addresses = [at, at + 4];
    dataView().setBigUint64(at, 0n, true);
  }

  /** Undefined: the host has given none. */
  get value(): Uint8Array | undefined {
    const [at, size] = this.addresses.map((address) => dataView().getUint32(address, true));
    return at === undefined || at === 0 || size === undefined ? undefined : readMemory(at, size);
  }

  get bytes(): Uint8Array {
    return this.value ?? new Uint8Array();
  }
}

export class OutU32 implements Out {
  readonly addresses = [allocate(8)];

  get value(): number {
    return dataView().getUint32(this.addresses[0] ?? 0, true);
  }
}

export class OutU64 implements Out {
  readonly addresses = [allocate(8)];

  get value(): bigint {
    return dataView().getBigUint64(this.addresses[0] ?? 0, true);
  }
}

type Argument = number | bigint | Uint8Array | Out;

function invoke(run: HostFunction | undefined, values: readonly Argument[]): number {
  if (run === undefined) {
    return Status.Unimplemented;
  }
  return run(
    ...values.flatMap((value): readonly (number | bigint)[] => {
      if (typeof value === "number" || typeof value === "bigint") {
        return [value];
      }
      return value instanceof Uint8Array ? [write(value), value.length] : value.addresses;
    }),
  );
}

let { env } = boundary;

/** Makes host calls without a record of them. */
export function unrecorded(run: () => void): void {
  env = boundary.unrecordedEnv;
  try {
    run();
  } finally {
    ({ env } = boundary);
  }
}

/** Makes a host call. While the top level runs there is no host, as in a build, which shows what is logged then. */
export function call(name: HostCall, ...values: readonly Argument[]): Status {
  if (vm.building) {
    return name === "proxy_log" ? Status.Ok : Status.Unimplemented;
  }
  return invoke(env[name], values) as Status;
}

/** Makes a call of WASI. @returns its errno */
export function callWasi(name: string, ...values: readonly Argument[]): number {
  return vm.building ? -1 : invoke(boundary.wasi[name], values);
}
