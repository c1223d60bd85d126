/** Header maps: src/shim/headers.c for Node. */

import { Status } from "../../../../src/abi/index.ts";
import type { HostCall } from "../../../../src/abi/index.ts";
import { enterMap } from "./contexts.ts";
import { call, OutBytes } from "./memory.ts";
import { headerName, headerValue, isPicked, listOf, parse, serialize } from "./pairs.ts";
import { byteString, hostError, outcome, toByteString } from "./values.ts";

export function getPairs(map: number): [string, string][] {
  const out = new OutBytes();
  const status = call("proxy_get_header_map_pairs", map, out);
  if (status !== Status.Ok) {
    throw hostError("proxy_get_header_map_pairs", status);
  }
  return parse(out.bytes);
}

/** Undefined when there is none. */
export function getFirstValue(map: number, name: Uint8Array): string | undefined {
  const out = new OutBytes();
  const status = call("proxy_get_header_map_value", map, name, out);
  if (status === Status.NotFound) {
    return undefined;
  }
  outcome("proxy_get_header_map_value", status);
  return toByteString(out.bytes);
}

/** All values joined with ", ", as the Web's Headers; undefined when there is none. */
export function getHeader(map: unknown, name: unknown): string | undefined {
  const bytes = headerName(name);
  if (toByteString(bytes).startsWith(":")) {
    return getFirstValue(enterMap(map), bytes);
  }
  const values = getAllValues(map, name);
  return values.length === 0 ? undefined : values.join(", ");
}

/** Each value of a name, in order. */
export function getAllValues(map: unknown, name: unknown): string[] {
  const type = enterMap(map);
  const wanted = toByteString(headerName(name)).toLowerCase();
  return getPairs(type).flatMap(([key, value]) => (key.toLowerCase() === wanted ? [value] : []));
}

export function pickHeaders(map: unknown, patterns: readonly unknown[]): [string, string][] {
  const type = enterMap(map);
  const names = patterns.map((pattern) => toByteString(byteString(pattern)).toLowerCase());
  return getPairs(type).filter(([name]) => isPicked(names, name));
}

export function setPairs(map: unknown, pairs: unknown): void {
  const type = enterMap(map);
  outcome("proxy_set_header_map_pairs", call("proxy_set_header_map_pairs", type, serialize(listOf(pairs))));
}

export function getValue(map: unknown, name: unknown): string | undefined {
  const type = enterMap(map);
  return getFirstValue(type, headerName(name));
}

export function changeHeader(
  name: Extract<HostCall, "proxy_add_header_map_value" | "proxy_replace_header_map_value">,
  map: unknown,
  key: unknown,
  value: unknown,
): void {
  const type = enterMap(map);
  const keyBytes = headerName(key);
  outcome(name, call(name, type, keyBytes, headerValue(value)));
}

export function removeHeader(map: unknown, name: unknown): void {
  const type = enterMap(map);
  const status = call("proxy_remove_header_map_value", type, headerName(name));
  if (status !== Status.NotFound) {
    outcome("proxy_remove_header_map_value", status);
  }
}
