import type { HeaderPairs, HeadersInit } from "./hostcalls.ts";

import { is_iterable, iterate } from "./hostcalls.ts";

export type { HeadersInit };

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

/** @internal An array is passed on as it is. */
export function toPairs(init: HeadersInit): HeaderPairs {
  if (Array.isArray(init)) {
    return init as HeaderPairs;
  }
  return is_iterable(init) ? [...init] : Object.entries(init);
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

  declare readonly get: (name: string) => string | null;

  declare readonly getAll: (name: string) => string[];

  declare readonly has: (name: string) => boolean;

  /**
   * The headers that have one of the names, in order, with repeated ones; for a call that carries them on. A `*` at the end of
   * a name stands for any rest, but for pseudo headers.
   *
   * @example
   * ```ts
   * await fetch("/check", { cluster: "auth", headers: request.headers.pick(["traceparent", "x-b3-*"]) });
   * ```
   */
  declare readonly pick: (names: readonly string[]) => [string, string][];

  /** Sets a header to one value, whatever it had before. Spec: `proxy_replace_header_map_value`. */
  declare readonly set: (name: string, value: string) => void;

  /** Adds a value to a header. Spec: `proxy_add_header_map_value`. */
  declare readonly append: (name: string, value: string) => void;

  /** Removes all values of a header; nothing happens when there is none. Spec: `proxy_remove_header_map_value`. */
  declare readonly delete: (name: string) => void;

  /**
   * Replaces all headers, pseudo headers included. Envoy finds no route for a request without `x-forwarded-proto`, which it adds
   * itself: keep it. Spec: `proxy_set_header_map_pairs`.
   */
  declare readonly replaceAll: (headers: HeadersInit) => void;

  declare readonly entries: () => IterableIterator<[string, string]>;

  declare readonly [Symbol.iterator]: () => IterableIterator<[string, string]>;
}

/** Headers that have arrived and do not change: those of a call's answer. */
export class ReceivedHeaders implements ReadonlyHeaders {
  readonly #pairs: [string, string][];

  /** @internal */
  constructor(pairs: [string, string][]) {
    this.#pairs = pairs;
  }

  get(name: string): string | null {
    let joined: string | null = null;
    for (const value of this.getAll(name)) {
      joined = joined === null ? value : `${joined}, ${value}`;
    }
    return joined;
  }

  getAll(name: string): string[] {
    const wanted = name.toLowerCase();
    const values: string[] = [];
    for (const pair of this.#pairs) {
      if (pair[0].toLowerCase() === wanted) {
        values[values.length] = pair[1];
      }
    }
    return values;
  }

  has(name: string): boolean {
    return this.getAll(name).length > 0;
  }

  entries(): IterableIterator<[string, string]> {
    return iterate(this.#pairs);
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return iterate(this.#pairs);
  }
}
