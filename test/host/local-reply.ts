import { textToBytes } from "./byte-string.ts";
import { HeaderMap } from "./header-map.ts";
import type { HttpMessage } from "./http-message.ts";
import type { HeaderPair } from "./pairs.ts";

/** A response that the proxy itself makes. */
export interface LocalReply {
  readonly status: number;
  readonly body: Uint8Array;
  readonly headers: readonly HeaderPair[];
  /** Undefined when the filter gave none (-1 or a number that is no gRPC status). */
  readonly grpcStatus?: number | undefined;
  /** The attribute response.code_details. */
  readonly details?: string | undefined;
}

/** gRPC clients want 200 and the status in a header; this is Envoy's table (grpc/status.cc). */
const GRPC_STATUS_OF_HTTP: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};
const GRPC_UNKNOWN = 2;

export function grpcStatusOfHttp(status: number): number {
  return GRPC_STATUS_OF_HTTP[status] ?? GRPC_UNKNOWN;
}

/** Envoy's Utility::prepareLocalReply. */
export function makeLocalReply(reply: LocalReply, request: HeaderMap | undefined): HttpMessage {
  const length = String(reply.body.length);
  // A length that the filter gave is corrected in its place.
  const given = reply.headers.map(([name, value]): HeaderPair => [name, isContentLength(name) ? length : value]);
  const headers = new HeaderMap("response", [[":status", String(reply.status)], ...given]);
  if (/^application\/grpc(\+|$)/.test(request?.get("content-type") ?? "")) {
    const grpcStatus = reply.grpcStatus ?? grpcStatusOfHttp(reply.status);
    headers.replace(":status", "200");
    headers.replace("content-type", "application/grpc");
    headers.replace("grpc-status", String(grpcStatus));
    if (reply.body.length > 0) {
      headers.replace("grpc-message", percentEncoded(reply.body));
    }
    headers.remove("content-length");
    return { headers, body: new Uint8Array() };
  }
  if (reply.body.length === 0) {
    headers.remove("content-length");
    headers.remove("content-type");
    return { headers, body: reply.body };
  }
  if (!headers.has("content-length")) {
    headers.add("content-length", length);
  }
  if (!headers.has("content-type")) {
    headers.add("content-type", "text/plain");
  }
  return { headers, body: request?.get(":method") === "HEAD" ? new Uint8Array() : reply.body };
}

/** As gRPC wants it: what is printable stays, but for the percent sign. */
function percentEncoded(bytes: Uint8Array): string {
  const encode = (byte: number) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  const isPlain = (byte: number) => byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
  return Array.from(bytes, (byte) => (isPlain(byte) ? String.fromCharCode(byte) : encode(byte))).join("");
}

function isContentLength(name: string): boolean {
  return name.toLowerCase() === "content-length";
}

/** @param reason - Envoy's "reset reason" */
export function upstreamFailureText(reason: string): string {
  return `upstream connect error or disconnect/reset before headers. reset reason: ${reason}`;
}

/** What Envoy's router answers when the upstream cannot. */
export function upstreamFailure(status: 503 | 504, text: string, request: HeaderMap): HttpMessage {
  return makeLocalReply({ status, body: textToBytes(text), headers: [] }, request);
}
