import type { Chunks } from "./chunks.ts";
import { HeaderMap } from "./header-map.ts";
import type { HeaderPair } from "./pairs.ts";

/** A request or a response, whole. Pseudo headers are among its headers. */
export interface HttpMessage {
  readonly headers: HeaderMap;
  body: Uint8Array;
  readonly trailers?: HeaderMap | undefined;
}

/** A message whose headers are there, and whose body may be on its way. */
export interface StreamedMessage {
  readonly headers: HeaderMap;
  /** Reading it throws when the connection is lost before its end. */
  readonly chunks: Chunks;
  /** Known when the body has been read. */
  readonly trailers: () => HeaderMap | undefined;
}

export function streamed({ headers, body, trailers }: HttpMessage): StreamedMessage {
  return { headers, chunks: body.length > 0 ? [body] : [], trailers: () => trailers };
}

/** Headers that belong to one connection; Envoy does not hand them on. */
const HOP_BY_HOP = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]);

/**
 * What the client is sent of a response's headers, and what an access logger sees: without hop-by-hop ones, with Envoy's own.
 *
 * @param closes - the request is not complete, and so the connection cannot be used again
 */
export function sentHeaders(headers: HeaderMap, now: bigint, closes: boolean): HeaderMap {
  const own = new Map([
    ["date", new Date(Number(now / 1_000_000n)).toUTCString()],
    ["server", "envoy"],
  ]);
  const kept = [...headers].filter(([name]) => !isHopByHop(name));
  const added = [...own].filter(([name]) => !headers.has(name));
  return new HeaderMap("response", [
    ...kept.map(([name, value]): HeaderPair => [name, own.get(name) ?? value]),
    ...added,
    ...(closes ? [["connection", "close"] as const] : []),
  ]);
}

export function isHopByHop(name: string): boolean {
  return HOP_BY_HOP.has(name.toLowerCase());
}

/** Answers to HEAD, and these statuses, have no body whatever their headers say. */
export function mayHaveBody(method: string | undefined, status: number): boolean {
  return method !== "HEAD" && status !== 204 && status !== 304;
}

/** For functions of Node and the Web, whose types do not know read-only pairs. */
export function mutablePairs(pairs: Iterable<HeaderPair>): [string, string][] {
  return Array.from(pairs, ([name, value]) => [name, value]);
}

/** The pairs of a flat list such as Node's `rawHeaders`. */
export function* pairUp(flat: readonly string[]): IterableIterator<[string, string]> {
  for (let index = 0; index + 1 < flat.length; index += 2) {
    yield [flat[index] ?? "", flat[index + 1] ?? ""];
  }
}
