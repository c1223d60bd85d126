import type { HeaderPair } from "./pairs.ts";

/**
 * Headers that Envoy keeps in a fixed place ("inline"): there is one of each, and adding another value joins it with a comma.
 * Which these are was measured with Envoy 1.40; of the rare ones more may be missing.
 */
const SINGLE_IN_BOTH = ["cache-control", "content-encoding", "content-length", "content-type", "via", "x-request-id"];
const SINGLE: Readonly<Record<HeaderMapKind, ReadonlySet<string>>> = {
  request: new Set([
    ...[":authority", ":method", ":path", ":scheme", ...SINGLE_IN_BOTH, "accept", "accept-encoding", "authorization"],
    ...["expect", "if-none-match", "origin", "pragma", "referer", "te", "user-agent"],
    ...["x-envoy-internal", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"],
  ]),
  response: new Set([
    ...[":status", ...SINGLE_IN_BOTH, "access-control-allow-origin", "age", "date", "etag"],
    ...["grpc-message", "grpc-status", "location", "server", "vary"],
  ]),
  trailers: new Set(),
};

export type HeaderMapKind = "request" | "response" | "trailers";

/** A header map of Envoy's: lower-case names, pseudo headers before the others, otherwise in the order of adding. */
export class HeaderMap implements Iterable<HeaderPair> {
  #pairs: HeaderPair[] = [];

  readonly #kind: HeaderMapKind;

  constructor(kind: HeaderMapKind, pairs: Iterable<HeaderPair> = []) {
    this.#kind = kind;
    for (const [name, value] of pairs) {
      this.add(name, value);
    }
  }

  get size(): number {
    return this.#pairs.length;
  }

  /** What proxy_get_header_map_size gives: bytes, not a count. */
  get byteSize(): number {
    return this.#pairs.reduce((total, [name, value]) => total + name.length + value.length, 0);
  }

  /** The FIRST value of a name, as in proxy_get_header_map_value. */
  get(name: string): string | undefined {
    const wanted = name.toLowerCase();
    return this.#pairs.find(([other]) => other === wanted)?.[1];
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  add(name: string, value: string): void {
    const lower = name.toLowerCase();
    const present = SINGLE[this.#kind].has(lower) ? this.#pairs.findIndex(([other]) => other === lower) : -1;
    if (present >= 0) {
      // What is empty needs no comma.
      const values = [this.get(lower) ?? "", value].filter((part) => part !== "");
      this.#pairs[present] = [lower, values.join(",")];
      return;
    }
    const firstPlain = lower.startsWith(":") ? this.#pairs.findIndex(([other]) => !other.startsWith(":")) : -1;
    this.#pairs.splice(firstPlain >= 0 ? firstPlain : this.#pairs.length, 0, [lower, value]);
  }

  /** Removes all values and adds one, so that the header moves to the end, as in Envoy. */
  replace(name: string, value: string): void {
    this.remove(name);
    this.add(name, value);
  }

  remove(name: string): void {
    const unwanted = name.toLowerCase();
    this.#pairs = this.#pairs.filter(([other]) => other !== unwanted);
  }

  replaceAll(pairs: Iterable<HeaderPair>): void {
    this.#pairs = [...new HeaderMap(this.#kind, pairs)];
  }

  [Symbol.iterator](): IterableIterator<HeaderPair> {
    return this.#pairs[Symbol.iterator]();
  }
}
