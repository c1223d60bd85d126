import { randomUUID } from "node:crypto";

import { checkByteString, checkHeaderValue, textToBytes } from "./byte-string.ts";
import { HeaderMap } from "./header-map.ts";
import { isHopByHop } from "./http-message.ts";
import type { HttpMessage } from "./http-message.ts";
import type { HeaderPair } from "./pairs.ts";

/** Options of `TestHost.fetch`. */
export interface FetchOptions {
  /** Default: "GET". */
  readonly method?: string;
  /** Byte strings, sent in order; pairs can repeat a name. */
  readonly headers?: Iterable<readonly [string, string]> | Readonly<Record<string, string>>;
  /** A string is sent as UTF-8. */
  readonly body?: string | Uint8Array;
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

/** Authority, and path with query, as written: parsing as a URL would change them. */
export function splitUrl(url: string): { readonly authority: string; readonly path: string } | undefined {
  const parts = /^http:\/\/([^/?#]+)(\/[^#]*|\?[^#]*)?/i.exec(url);
  const [, authority, path = "/"] = parts ?? [];
  return authority === undefined ? undefined : { authority, path: path.startsWith("/") ? path : `/${path}` };
}

/** @throws TypeError when a part of it cannot be sent */
export function clientRequest(url: string | URL, options: FetchOptions): HttpMessage {
  const target = splitUrl(String(url));
  if (target === undefined) {
    throw new TypeError(`fetch: the URL must be like http://back-golang/jump, not ${String(url)}`);
  }
  const { method = "GET", headers = [], body = "" } = options;
  const pairs = [...(Symbol.iterator in headers ? headers : Object.entries(headers))];
  for (const [name, value] of pairs) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
      throw new TypeError(`fetch: ${JSON.stringify(name)} is not a header name`);
    }
    checkHeaderValue(value, name);
  }
  const bytes = typeof body === "string" ? textToBytes(body) : body.slice();
  const named = (wanted: string) => pairs.find(([name]) => name.toLowerCase() === wanted);
  const plain = pairs.filter(([name]) => name.toLowerCase() !== "host");
  if (bytes.length > 0 && named("content-length") === undefined) {
    plain.push(["content-length", String(bytes.length)]);
  }
  return receivedRequest({
    method,
    authority: checkByteString(named("host")?.[1] ?? target.authority, "fetch: the authority"),
    path: checkByteString(target.path, "fetch: the path"),
    headers: plain,
    body: bytes,
  });
}
