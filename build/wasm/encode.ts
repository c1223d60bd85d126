/** Writes values of the binary format (WebAssembly core specification, section 5). */

/** LEB128, unsigned. */
export function encodeU32(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return bytes;
}

/** The bytes of that. */
export function sizeOfU32(value: number): number {
  return Math.ceil((32 - Math.clz32(value | 1)) / 7);
}

/** LEB128, signed. */
export function encodeI32(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  while (rest < -0x40 || rest > 0x3f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  bytes.push(rest & 0x7f);
  return bytes;
}

export function encodeName(name: string): Uint8Array {
  const bytes = new TextEncoder().encode(name);
  return concat([Uint8Array.from(encodeU32(bytes.length)), bytes]);
}

export function encodeSection(id: number, content: Uint8Array): Uint8Array {
  return concat([Uint8Array.from([id, ...encodeU32(content.length)]), content]);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Writes many values one after the other. */
export class Writer {
  #bytes = new Uint8Array(1 << 16);
  #length = 0;

  byte(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
    return this;
  }

  /** LEB128, unsigned. */
  u32(value: number): this {
    this.#reserve(5);
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
    return this;
  }

  write(bytes: Uint8Array | readonly number[]): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** All that was written, without a copy. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(more: number): void {
    if (this.#length + more > this.#bytes.length) {
      const larger = new Uint8Array(2 * (this.#length + more));
      larger.set(this.bytes);
      this.#bytes = larger;
    }
  }
}
