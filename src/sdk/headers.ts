import {
  get_header,
  get_header_entries,
  pick_headers,
  proxy_add_header_map_value,
  proxy_get_header_map_pairs,
  proxy_remove_header_map_value,
  proxy_replace_header_map_value,
  proxy_set_header_map_pairs,
} from "./hostcalls.ts";
import type { FlatPairs } from "./hostcalls.ts";

/** Headers to start with: pairs, a record, or other headers. */
export type HeadersInit = Iterable<readonly [string, string]> | Readonly<Record<string, string>>;

/** Reading headers: what a stream's headers and a call's answer have in common. */
export interface ReadonlyHeaders extends Iterable<[string, string]> {
  /** All values of a header, joined with ", ", or null. Names compare case-insensitively. */
  get(name: string): string | null;
  /** Each value of a header, in order; empty when there is none. */
  getAll(name: string): string[];
  has(name: string): boolean;
  /** Name and value of each header, in order, repeated ones and pseudo headers included. */
  entries(): IterableIterator<[string, string]>;
}

/** An array and not a generator: in the engine, resuming one costs more than the pair. */
function pairsOf(flat: FlatPairs): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) {
    pairs.push([flat[i] ?? "", flat[i + 1] ?? ""]);
  }
  return pairs;
}

function valuesOf(flat: FlatPairs, name: string): string[] {
  const wanted = name.toLowerCase();
  return flat.filter((_part, index) => index % 2 === 1 && flat[index - 1]?.toLowerCase() === wanted);
}

/** @internal Appends them to a flat list. */
export function flatten(init: HeadersInit | undefined, flat: string[] = []): string[] {
  if (init !== undefined) {
    for (const pair of Symbol.iterator in init ? init : Object.entries(init)) {
      flat.push(pair[0], pair[1]); // destructuring would make an iterator for each pair
    }
  }
  return flat;
}

/**
 * The headers of a request or response that passes through. Like the Web's `Headers`, with `getAll`, pseudo headers such as
 * `:path`, and no copy: each call reads or changes what the host has.
 *
 * Names and values are byte strings: one character is one byte, U+0000 to U+00FF, so that nothing is lost (RFC 9110 section
 * 5.5 does not say UTF-8). Use `decodeUtf8` for text.
 *
 * All methods throw {@link StreamEndedError} after the stream has ended, and {@link HostError} when the host does not have
 * these headers in this phase (Envoy: once the hook has let the headers go on). A name that is no token, a value with a line
 * break or a zero byte, and a character above U+00FF are a TypeError.
 *
 * @example
 * ```ts
 * request.headers.set("x-request-source", "edge");
 * for (const [name, value] of request.headers) console.log(name, value);
 * ```
 */
export class HttpHeaders implements ReadonlyHeaders {
  /** Objects of this class are made by the shim. */
  private constructor() {}

  get(name: string): string | null {
    return get_header(this, name) ?? null;
  }

  getAll(name: string): string[] {
    return valuesOf(proxy_get_header_map_pairs(this), name);
  }

  has(name: string): boolean {
    return get_header(this, name) !== undefined;
  }

  /**
   * The headers that have one of the names, in order, with repeated ones; for a call that carries them on. A `*` at the end of
   * a name stands for any rest, but for pseudo headers.
   *
   * @example
   * ```ts
   * await fetch("/check", { cluster: "auth", headers: request.headers.pick(["traceparent", "x-b3-*"]) });
   * ```
   */
  pick(names: readonly string[]): [string, string][] {
    return pick_headers(this, names);
  }

  /** Sets a header to one value, whatever it had before. Spec: `proxy_replace_header_map_value`. */
  set(name: string, value: string): void {
    proxy_replace_header_map_value(this, name, value);
  }

  /** Adds a value to a header. Spec: `proxy_add_header_map_value`. */
  append(name: string, value: string): void {
    proxy_add_header_map_value(this, name, value);
  }

  /** Removes all values of a header; nothing happens when there is none. Spec: `proxy_remove_header_map_value`. */
  delete(name: string): void {
    proxy_remove_header_map_value(this, name);
  }

  /** Replaces all headers, pseudo headers included. Spec: `proxy_set_header_map_pairs`. */
  replaceAll(headers: HeadersInit): void {
    proxy_set_header_map_pairs(this, flatten(headers));
  }

  entries(): IterableIterator<[string, string]> {
    return get_header_entries(this).values();
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.entries();
  }
}

/** Headers that have arrived and do not change: those of a call's answer. */
export class ReceivedHeaders implements ReadonlyHeaders {
  readonly #flat: FlatPairs;

  /** @internal */
  constructor(flat: FlatPairs) {
    this.#flat = flat;
  }

  get(name: string): string | null {
    const values = this.getAll(name);
    return values.length === 0 ? null : values.join(", ");
  }

  getAll(name: string): string[] {
    return valuesOf(this.#flat, name);
  }

  has(name: string): boolean {
    return this.getAll(name).length > 0;
  }

  entries(): IterableIterator<[string, string]> {
    return pairsOf(this.#flat).values();
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.entries();
  }
}
