/** proxy_get_property and proxy_set_property, as Context::getProperty and setProperty of Envoy. */

import { Status } from "../../src/abi/index.ts";
import { byteStringToBytes, bytesToByteString, textToBytes } from "./byte-string.ts";
import type { Context } from "./context.ts";
import type { HostCalls } from "./imports.ts";
import { encodePairs } from "./pairs.ts";
import type { HeaderPair } from "./pairs.ts";

/**
 * The value of a property, and how a filter gets it: text as UTF-8, whole numbers as a 64-bit integer (durations and times are
 * such, in nanoseconds), other numbers as a double, a boolean as one byte, a `Date` as nanoseconds since 1970, bytes as they
 * are. Numbers are little-endian.
 */
export type PropertyValue = string | number | bigint | boolean | Uint8Array | Date;

/**
 * Properties by their path: `{ "source.address": "10.0.0.1:1234" }`. Where a name has a dot, give pairs of a list of names and a
 * value: `[[["filter_state", "my.key"], "value"]]`.
 */
export type Properties =
  Readonly<Record<string, PropertyValue>> | Iterable<readonly [path: string | readonly string[], value: PropertyValue]>;

/** A part of the tree of attributes. */
export type Attribute = PropertyValue | AttributeMap;

/** Attributes under names. Header names and values are byte strings. */
export interface AttributeMap {
  readonly get: (name: string) => Attribute | undefined;
  /** The whole map as a filter gets it; undefined: it cannot be had as a whole. */
  readonly pairs?: () => Iterable<HeaderPair>;
}

/** By their path with a zero byte between the names. */
export function propertyTable(properties: Properties): ReadonlyMap<string, PropertyValue> {
  const pairs = Symbol.iterator in properties ? [...properties] : Object.entries(properties);
  return new Map(
    pairs.map(([path, value]) => {
      const names = typeof path === "string" ? path.split(".") : path;
      return [bytesToByteString(textToBytes(names.join("\0"))), value];
    }),
  );
}

export function encodeProperty(value: PropertyValue): Uint8Array {
  if (typeof value === "string") {
    return textToBytes(value);
  }
  if (typeof value === "boolean") {
    return Uint8Array.of(Number(value));
  }
  if (typeof value === "number") {
    return Number.isInteger(value) ? int64(BigInt(value)) : double(value);
  }
  if (value instanceof Date) {
    return int64(BigInt(value.getTime()) * 1_000_000n);
  }
  return typeof value === "bigint" ? int64(value) : value;
}

function int64(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return bytes;
}

function double(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

/** @param given - properties of the test, which hide those of the host */
export function propertyCalls(
  context: () => Context,
  given: ReadonlyMap<string, PropertyValue>,
): Pick<HostCalls, "proxy_get_property" | "proxy_set_property"> {
  return {
    proxy_get_property({ path }) {
      const found = find(context(), bytesToByteString(path), given);
      return typeof found === "number" ? found : { value: found };
    },
    proxy_set_property({ path, value }) {
      const { filterState } = context();
      if (filterState === undefined) {
        return Status.NotFound;
      }
      filterState.set(`wasm.${bytesToByteString(path)}`, value);
      return Status.Ok;
    },
  };
}

function find(context: Context, path: string, given: ReadonlyMap<string, PropertyValue>): Uint8Array | Status {
  const names = path.split("\0");
  if (names.at(-1) === "") {
    names.pop();
  }
  const own = given.get(names.join("\0"));
  if (own !== undefined) {
    return encodeProperty(own);
  }
  const [first, ...rest] = names;
  if (first === undefined) {
    return Status.SerializationFailure;
  }
  // What a filter has set is found by its first name only: a path of several names can be set, but not read.
  let value = context.attribute(first) ?? context.filterState?.get(`wasm.${first}`);
  for (const name of rest) {
    value = value !== undefined && isMap(value) ? value.get(name) : undefined;
  }
  if (value === undefined) {
    return Status.NotFound;
  }
  if (!isMap(value)) {
    return encodeProperty(value);
  }
  return value.pairs === undefined ? Status.SerializationFailure : encodeMap(value.pairs());
}

function isMap(value: Attribute): value is AttributeMap {
  return typeof value === "object" && "get" in value;
}

function encodeMap(pairs: Iterable<HeaderPair>): Uint8Array {
  const block = encodePairs(pairs);
  return block.length > 0 ? block : new Uint8Array(4); // a count of zero
}

/** Text of the network, which need not be UTF-8. */
export function rawText(byteString: string | undefined): Uint8Array | undefined {
  return byteString === undefined ? undefined : byteStringToBytes(byteString);
}
