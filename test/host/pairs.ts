/**
 * Header lists as the ABI carries them (spec: "Serialization"): a count, the sizes of each name and value, then their bytes,
 * each followed by a zero byte; numbers are 32-bit little-endian. Written against the host's pairs_util.cc, and shares nothing
 * with the shim's codec, so that a mistake on one side cannot cancel the same mistake on the other.
 */

import { byteStringToBytes, bytesToByteString } from "./byte-string.ts";

/** Name and value, as byte strings. */
export type HeaderPair = readonly [name: string, value: string];

/** The limits of proxy-wasm-cpp-host (include/proxy-wasm/limits.h) for a list that the module wrote. */
const MAX_PAIRS = 1024;
const MAX_BYTES = 1024 * 1024;

/** An empty list is an empty block: Envoy writes nothing at all then. */
export function encodePairs(pairs: Iterable<HeaderPair>): Uint8Array {
  const parts = [...pairs].flat().map((part) => byteStringToBytes(part));
  if (parts.length === 0) {
    return new Uint8Array();
  }
  const sizes = 4 + 4 * parts.length;
  const block = new Uint8Array(parts.reduce((total, part) => total + part.length + 1, sizes));
  const view = new DataView(block.buffer);
  view.setUint32(0, parts.length / 2, true);
  let at = sizes;
  for (const [index, part] of parts.entries()) {
    view.setUint32(4 + 4 * index, part.length, true);
    block.set(part, at);
    at += part.length + 1;
  }
  return block;
}

/** Undefined when the block contradicts itself or is above the limits; Envoy goes on with an empty list then. */
export function decodePairs(block: Uint8Array): HeaderPair[] | undefined {
  if (block.length === 0) {
    return [];
  }
  if (block.length < 4 || block.length > MAX_BYTES) {
    return undefined;
  }
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const count = view.getUint32(0, true);
  if (count > MAX_PAIRS || 4 + 8 * count > block.length) {
    return undefined;
  }
  const pairs: HeaderPair[] = [];
  let at = 4 + 8 * count;
  const take = (size: number): string | undefined => {
    const end = at + size;
    if (end >= block.length || block[end] !== 0) {
      return undefined;
    }
    const text = bytesToByteString(block.subarray(at, end));
    at = end + 1;
    return text;
  };
  for (let index = 0; index < count; index++) {
    const name = take(view.getUint32(4 + 8 * index, true));
    const value = name === undefined ? undefined : take(view.getUint32(8 + 8 * index, true));
    if (name === undefined || value === undefined) {
      return undefined;
    }
    pairs.push([name, value]);
  }
  return at === block.length ? pairs : undefined;
}

/** A list that the module wrote; Envoy takes one that contradicts itself for an empty one. */
export function pairsOf(block: Uint8Array): HeaderPair[] {
  return decodePairs(block) ?? [];
}
