import { randomUUID } from "node:crypto";

import { checkByteString, checkHeaderValue, textToBytes } from "./byte-string.ts";
import { HeaderMap } from "./header-map.ts";
import { isHopByHop } from "./http-message.ts";
import { streamed } from "./http-message.ts";
import type { HttpMessage, StreamedMessage } from "./http-message.ts";
import type { HeaderPair } from "./pairs.ts";

/** Pairs of a name and a value, in order, or an object of them. Names and values are byte strings. */
export type HeadersInput = Iterable<readonly [string, string]> | Readonly<Record<string, string>>;

/** Bytes; text is UTF-8. */
export type BytesInput = string | Uint8Array;

/** A body, whole or in parts. */
export type BodyInput = BytesInput | Iterable<BytesInput> | AsyncIterable<BytesInput>;

/** Options of `TestHost.fetch`. */
export interface FetchOptions {
  /** Default: "GET". */
  readonly method?: string;
  /** Byte strings, sent in order; pairs can repeat a name. */
  readonly headers?: HeadersInput;
  /**
   * A string is sent as UTF-8. Of a list of parts, or an async iterable of them, the filter gets each in a callback of its own;
   * there is no content-length then. The last part ends the stream, as with Envoy's clients of HTTP/2; after those of HTTP/1 Envoy
   * calls once more, without data (`TestHost.openStream` can do that).
   */
  readonly body?: BodyInput;
  /** Sent after the body: byte strings, in order; pairs can repeat a name. */
  readonly trailers?: HeadersInput;
  /** Aborting it is a client that leaves. */
  readonly signal?: AbortSignal;
}

/** A request as it arrives at the proxy. */
interface Arrival {
  readonly method: string;
  readonly authority: string;
  readonly path: string;
  readonly headers: Iterable<HeaderPair>;
  readonly body: Uint8Array;
  readonly trailers?: HeaderMap | undefined;
}

/** The request that the filter sees: in lower case, with pseudo headers, and with what Envoy adds. */
export function receivedRequest({ method, authority, path, headers, body, trailers }: Arrival): HttpMessage {
  const map = new HeaderMap("request", [
    [":authority", authority],
    [":path", path],
    [":method", method],
    [":scheme", "http"],
  ]);
  for (const [name, value] of headers) {
    if (!isHopByHop(name)) {
      map.add(name, value);
    }
  }
  if (!isReferer(map.get("referer") ?? "")) {
    map.remove("referer");
  }
  for (const [name, value] of [
    ["x-forwarded-proto", "http"],
    ["x-request-id", randomUUID()],
  ] as const) {
    if (!map.has(name)) {
      map.add(name, value);
    }
  }
  return { headers: map, body, trailers };
}

/** Envoy removes a referer that it cannot read as a URL or a part of one; which these are was measured. */
function isReferer(value: string): boolean {
  return value.includes("://") ? URL.canParse(value) && !/\s/.test(value) : /^[\w!$%&'()*+,;=.~/?@-]*$/.test(value);
}

/** Authority, and path with query, as written: parsing as a URL would change them. */
export function splitUrl(url: string): { readonly authority: string; readonly path: string } | undefined {
  const parts = /^http:\/\/([^/?#]+)(\/[^#]*|\?[^#]*)?/i.exec(url);
  const [, authority, path = "/"] = parts ?? [];
  return authority === undefined ? undefined : { authority, path: path.startsWith("/") ? path : `/${path}` };
}

/** @throws TypeError when a name or a value cannot be sent */
export function headerPairs(input: HeadersInput, what: string): HeaderPair[] {
  const pairs = [...(Symbol.iterator in input ? input : Object.entries(input))];
  for (const [name, value] of pairs) {
    if (!/^:?[\w!#$%&'*+.^`|~-]+$/.test(name)) {
      throw new TypeError(`${what}: ${JSON.stringify(name)} is not a header name`);
    }
    checkHeaderValue(value, name);
  }
  return pairs;
}

export function inputBytes(input: BytesInput): Uint8Array {
  return typeof input === "string" ? textToBytes(input) : input.slice();
}

async function* inputChunks(parts: Iterable<BytesInput> | AsyncIterable<BytesInput>): AsyncGenerator<Uint8Array, void> {
  for await (const part of parts) {
    yield inputBytes(part);
  }
}

/** @throws TypeError when a part of it cannot be sent */
export function clientRequest(url: string | URL, options: FetchOptions): StreamedMessage {
  const target = splitUrl(String(url));
  if (target === undefined) {
    throw new TypeError(`fetch: the URL must be like http://back-golang/jump, not ${String(url)}`);
  }
  const { method = "GET", headers = [], body = "", trailers = [] } = options;
  const pairs = headerPairs(headers, "fetch");
  const isWhole = typeof body === "string" || body instanceof Uint8Array;
  const bytes = isWhole ? inputBytes(body) : new Uint8Array();
  const named = (wanted: string) => pairs.find(([name]) => name.toLowerCase() === wanted);
  const plain = pairs.filter(([name]) => name.toLowerCase() !== "host");
  if (bytes.length > 0 && named("content-length") === undefined) {
    plain.push(["content-length", String(bytes.length)]);
  }
  const trailerPairs = headerPairs(trailers, "fetch: trailers");
  const request = streamed(
    receivedRequest({
      method,
      authority: checkByteString(named("host")?.[1] ?? target.authority, "fetch: the authority"),
      path: checkByteString(target.path, "fetch: the path"),
      headers: plain,
      body: bytes,
      trailers: trailerPairs.length > 0 ? new HeaderMap("trailers", trailerPairs) : undefined,
    }),
  );
  return isWhole ? request : { ...request, chunks: inputChunks(body) };
}
