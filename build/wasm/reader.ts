const text = new TextDecoder("utf-8", { fatal: true });

/** Reads the values of the binary format (WebAssembly core specification, section 5) one after the other. */
export class Reader {
  readonly bytes: Uint8Array;
  offset: number;
  readonly end: number;

  constructor(bytes: Uint8Array, offset = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
  }

  get atEnd(): boolean {
    return this.offset >= this.end;
  }

  byte(): number {
    const value = this.bytes[this.offset];
    if (value === undefined || this.offset >= this.end) {
      throw new RangeError(`unexpected end at byte ${this.offset}`);
    }
    this.offset++;
    return value;
  }

  /** LEB128, unsigned, 32 bits. */
  u32(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        return value >>> 0;
      }
    }
  }

  /** LEB128, signed, 32 bits. */
  i32(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        return shift < 25 && (byte & 0x40) !== 0 ? value | (-1 << (shift + 7)) : value;
      }
    }
  }

  /** Passes over a LEB128 of any kind. */
  skipNumber(): void {
    while (this.byte() >= 0x80);
  }

  /** LEB128, signed, up to 64 bits. */
  signed(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        return BigInt.asIntN(Number(shift) + 7, value);
      }
    }
  }

  /** A part of the module, without a copy. */
  slice(length: number): Uint8Array {
    if (length > this.end - this.offset) {
      throw new RangeError(`unexpected end at byte ${this.end}`);
    }
    this.offset += length;
    return this.bytes.subarray(this.offset - length, this.offset);
  }

  name(): string {
    return text.decode(this.slice(this.u32()));
  }

  /** A vector: its length, then that many items. */
  list<T>(item: () => T): T[] {
    const items: T[] = [];
    for (let left = this.u32(); left > 0; left--) {
      items.push(item());
    }
    return items;
  }
}
