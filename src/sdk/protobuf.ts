/**
 * As much of protobuf's wire format as the arguments of Envoy's foreign functions take: messages of strings, bytes and small
 * numbers.
 *
 * @module
 */

import { encode_utf8 } from "./hostcalls.ts";
import type { BodyInit } from "./hostcalls.ts";

const VARINT = 0;
const LENGTH_DELIMITED = 2;

function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) {
    bytes.push((rest % 128) | 0x80);
  }
  bytes.push(rest);
}

/** A message of fields by their numbers. @internal */
export function encodeMessage(fields: Readonly<Record<number, BodyInit | number>>): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [number, value] of Object.entries(fields)) {
    const head: number[] = [];
    if (typeof value === "number") {
      pushVarint(head, Number(number) * 8 + VARINT);
      pushVarint(head, value);
      parts.push(Uint8Array.from(head));
      continue;
    }
    const bytes = typeof value === "string" ? encode_utf8(value) : new Uint8Array(value);
    pushVarint(head, Number(number) * 8 + LENGTH_DELIMITED);
    pushVarint(head, bytes.length);
    parts.push(Uint8Array.from(head), bytes);
  }
  const message = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    message.set(part, at);
    at += part.length;
  }
  return message;
}

/** The field `bool result = 1` of a message; the first one when it is true, and not there when it is false. @internal */
export function decodeResult(message: Uint8Array): boolean {
  return message[0] === 8 + VARINT && message[1] === 1;
}
