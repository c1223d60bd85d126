/** Header lists as the ABI carries them: src/shim/pairs.c for Node. */

import { Status } from "../../../../src/abi/index.ts";
import { vm } from "./state.ts";
import { byteString, hostError, toByteString } from "./values.ts";

const MAX_PAIRS = 1 << 19;

/** @throws TypeError as for a header that a request could be split with */
export function headerName(value: unknown): Uint8Array {
  const bytes = byteString(value);
  if (bytes.length === 0) {
    throw new TypeError("invalid header name: it is empty");
  }
  const text = toByteString(bytes);
  if (!/^:?[\w!#$%&'*+.^`|~-]+$/.test(text)) {
    throw new TypeError("invalid header name: a name holds letters, digits and -_.!#$%&'*+^`|~ only");
  }
  return bytes;
}

export function headerValue(value: unknown): Uint8Array {
  const bytes = byteString(value);
  const index = bytes.findIndex((byte) => byte === 0 || byte === 13 || byte === 10);
  if (index >= 0) {
    throw new TypeError(`invalid header value: it has a line break or a zero byte at index ${index}`);
  }
  return bytes;
}

export type BytePair = readonly [name: Uint8Array, value: Uint8Array];

/** A HeadersInit of the SDK, or undefined, which is an empty list. */
export function listOf(value: unknown): BytePair[] {
  const list: unknown = value === undefined || Array.isArray(value) ? value : vm.sdk.toPairs(value as never);
  if (list === undefined) {
    return [];
  }
  const { length } = list as { length: number };
  if (length > MAX_PAIRS) {
    throw new RangeError(`too many headers: ${length}`);
  }
  return Array.from({ length }, (_, index) => {
    const pair = (list as unknown[])[index];
    if (typeof pair !== "object" || pair === null) {
      throw new TypeError("a header must be a pair: [name, value]");
    }
    const [name, text] = [(pair as unknown[])[0], (pair as unknown[])[1]];
    return [headerName(name), headerValue(text)];
  });
}

export function serialize(list: readonly BytePair[]): Uint8Array {
  const parts = list.flat();
  const sizes = 4 + 4 * parts.length;
  const block = new Uint8Array(parts.reduce((total, part) => total + part.length + 1, sizes));
  const view = new DataView(block.buffer);
  view.setUint32(0, list.length, true);
  let at = sizes;
  for (const [index, part] of parts.entries()) {
    view.setUint32(4 + 4 * index, part.length, true);
    block.set(part, at);
    at += part.length + 1;
  }
  return block;
}

/** As byte strings. @throws HostError ParseFailure when the block contradicts itself */
export function parse(block: Uint8Array): [string, string][] {
  if (block.length === 0) {
    return [];
  }
  const fail = () => hostError("proxy_get_header_map_pairs", Status.ParseFailure);
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const count = block.length < 4 ? Infinity : view.getUint32(0, true);
  if (count > (block.length - 4) / 8) {
    throw fail();
  }
  let at = 4 + 8 * count;
  const take = (size: number) => {
    if (at + size + 1 > block.length) {
      throw fail();
    }
    const text = toByteString(block.subarray(at, at + size));
    at += size + 1;
    return text;
  };
  return Array.from({ length: count }, (_, index) => {
    const name = take(view.getUint32(4 + 8 * index, true));
    return [name, take(view.getUint32(8 + 8 * index, true))];
  });
}

/** Whether a name is one of the patterns, of which a `*` at the end stands for any rest. */
export function isPicked(patterns: readonly string[], name: string): boolean {
  const lower = name.toLowerCase();
  const found = patterns.find((pattern) =>
    pattern.endsWith("*") ? lower.startsWith(pattern.slice(0, -1)) : lower === pattern,
  );
  return found !== undefined && !(found.endsWith("*") && name.startsWith(":"));
}
