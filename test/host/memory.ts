import type { WasmMemory } from "./wasm-api.ts";

/** The module's memory. Every access is checked: a pointer from the module may point anywhere. */
export class GuestMemory {
  readonly #memory: WasmMemory;
  readonly #allocate: (size: number) => number;

  /** @param allocate - the module's own allocator; a result of the host goes into memory that it gives */
  constructor(memory: WasmMemory, allocate: (size: number) => number) {
    this.#memory = memory;
    this.#allocate = allocate;
  }

  /** In bytes. */
  get size(): number {
    return this.#memory.buffer.byteLength;
  }

  /** A view that the next allocation may detach. Undefined: out of bounds. */
  view(pointer: number, size: number): Uint8Array | undefined {
    // A fresh view each time: growing the memory detaches its buffer.
    const { buffer } = this.#memory;
    return pointer + size <= buffer.byteLength ? new Uint8Array(buffer, pointer, size) : undefined;
  }

  /** A copy. Undefined: out of bounds. */
  read(pointer: number, size: number): Uint8Array | undefined {
    return this.view(pointer, size)?.slice();
  }

  readU32(pointer: number): number | undefined {
    const bytes = this.view(pointer, 4);
    return bytes && new DataView(bytes.buffer, pointer, 4).getUint32(0, true);
  }

  /** False: out of bounds. So with the other writes. */
  writeU32(pointer: number, value: number): boolean {
    const bytes = this.view(pointer, 4);
    if (bytes !== undefined) {
      new DataView(bytes.buffer, pointer, 4).setUint32(0, value, true);
    }
    return bytes !== undefined;
  }

  writeU64(pointer: number, value: bigint): boolean {
    const bytes = this.view(pointer, 8);
    if (bytes !== undefined) {
      new DataView(bytes.buffer, pointer, 8).setBigUint64(0, value, true);
    }
    return bytes !== undefined;
  }

  /** Puts data into memory of the module's and tells where, as the host's copyToPointerSize does. */
  writeResult(pointerOut: number, sizeOut: number, data: Uint8Array): boolean {
    let pointer = 0;
    if (data.length > 0) {
      pointer = this.#allocate(data.length) >>> 0;
      const target = pointer === 0 ? undefined : this.view(pointer, data.length);
      if (target === undefined) {
        return false;
      }
      target.set(data);
    }
    return this.writeU32(pointerOut, pointer) && this.writeU32(sizeOut, data.length);
  }
}
