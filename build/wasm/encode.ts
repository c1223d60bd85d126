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
