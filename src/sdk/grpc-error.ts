import { decodeUtf8 } from "./utf8.ts";
import { GrpcStatus, grpcStatusName } from "./grpc-status.ts";

/**
 * Why a gRPC call or stream failed:
 *
 * - "status": the server said so, by a status other than 0.
 * - "unknown-cluster": the host has no cluster of this name.
 * - "unavailable": no healthy upstream, or the cluster is overloaded.
 * - "timeout": no answer within `timeoutMs`.
 * - "connection-failed": no connection to the upstream, for example because nothing listens there.
 * - "connection-reset": the upstream ended the connection or the stream without a status.
 * - "incomplete": the server ended a unary call with status 0, and without a message.
 * - "cancelled": by the filter (its `signal`, `cancel()`), or because its plugin has ended.
 * - "overflow": messages came faster than the filter read them, or its memory is full.
 * - "refused-by-host": the host takes no gRPC calls, or not this one.
 */
export type GrpcFailure =
  | "status"
  | "unknown-cluster"
  | "unavailable"
  | "timeout"
  | "connection-failed"
  | "connection-reset"
  | "incomplete"
  | "cancelled"
  | "overflow"
  | "refused-by-host";

/** What a gRPC call asked for, as its errors tell it. */
export interface GrpcTarget {
  readonly cluster: string;
  readonly service: string;
  readonly method: string;
}

/** How a call or a stream ended. */
export interface GrpcClose {
  /** 0: well; see {@link GrpcStatus}. A code that gRPC does not name is 2 (UNKNOWN). */
  readonly code: number;
  /** For example "NOT_FOUND". */
  readonly codeName: string;
  /** The server's or the host's words, decoded; "" when there are none. */
  readonly details: string;
}

/**
 * A gRPC call that was not answered with status 0.
 *
 * @example
 * ```ts
 * try {
 *   await grpcCall({ cluster: "users", service: "users.v1.Users", method: "Get", message });
 * } catch (error) {
 *   if (error instanceof GrpcError && error.code === GrpcStatus.NOT_FOUND) return new Response("no such user", { status: 404 });
 *   throw error;
 * }
 * ```
 */
export class GrpcError extends Error implements GrpcClose {
  override readonly name = "GrpcError";
  /** The status; what the host itself gives when the server gave none, in Envoy mostly 14 (UNAVAILABLE). */
  readonly code: number;
  readonly codeName: string;
  readonly reason: GrpcFailure;
  readonly details: string;
  readonly target: GrpcTarget;

  /** @internal */
  constructor(target: GrpcTarget, reason: GrpcFailure, code: number, details: string, cause?: unknown) {
    const codeName = grpcStatusName(code);
    const words = [codeName, ...(reason === "status" ? [] : [reason]), ...(details === "" ? [] : [details])].join(": ");
    const { cluster, service, method } = target;
    super(`gRPC ${service}/${method} of cluster ${JSON.stringify(cluster)}: ${words}`, { cause });
    this.code = code;
    this.codeName = codeName;
    this.reason = reason;
    this.details = details;
    this.target = target;
  }
}

/** A message was sent, or a stream ended, that the filter or the server has ended already. The host was not called. */
export class GrpcStreamEndedError extends Error {
  override readonly name = "GrpcStreamEndedError";

  /** @internal */
  constructor({ service, method }: GrpcTarget, how: string) {
    super(`gRPC ${service}/${method}: nothing can be sent any more, ${how}`);
  }
}

/** How Envoy says that the HTTP response ended: after the status's message, or alone when there is no message. */
const RESPONSE_AFTER_MESSAGE = /\{(\w+(?:\{[^{}]*\})?)\}$/;
const RESPONSE_ALONE = /^(?:via_upstream|upstream_\w+(?:\{[^{}]*\})?)$/;

/** A status as the host tells it. @internal */
export interface HostStatus extends GrpcClose {
  readonly reason: GrpcFailure;
}

/** @internal @param text - of `proxy_get_status`, undefined when the host has none */
export function readHostStatus(hostCode: number, text = ""): HostStatus {
  // Envoy has 4294967295 for codes that gRPC does not name.
  const code = hostCode > GrpcStatus.UNAUTHENTICATED ? GrpcStatus.UNKNOWN : hostCode;
  const codeName = grpcStatusName(code);
  if (RESPONSE_ALONE.test(text)) {
    return { code, codeName, details: "", reason: reasonOf(code, "", text) };
  }
  const response = RESPONSE_AFTER_MESSAGE.exec(text)?.[1];
  const details = percentDecode(response === undefined ? text : text.replace(RESPONSE_AFTER_MESSAGE, ""));
  return { code, codeName, details, reason: reasonOf(code, details, response) };
}

/** @param response - how Envoy says that the response ended; undefined: it does not, or this is another host */
function reasonOf(code: number, details: string, response: string | undefined): GrpcFailure {
  if (response === "via_upstream") {
    return "status";
  }
  if (response === undefined) {
    return reasonOfHost(code, details);
  }
  if (response === "response_timeout") {
    return "timeout";
  }
  const words = `${details} ${response}`;
  if (/connection[_ ](failure|timeout)/.test(words)) {
    return "connection-failed";
  }
  return /no[_ ]healthy[_ ]upstream|overflow/.test(words) ? "unavailable" : "connection-reset";
}

/** What is no answer of HTTP at all. */
function reasonOfHost(code: number, details: string): GrpcFailure {
  if (details === "Cluster not available") {
    return "unknown-cluster";
  }
  if (code === GrpcStatus.CANCELLED) {
    return "cancelled";
  }
  return code === GrpcStatus.INTERNAL && details === "" ? "incomplete" : "status";
}

/** As gRPC encodes a status's message; what is not encoded so stays as it is. */
function percentDecode(text: string): string {
  // Each run of escapes is some UTF-8 of its own: what is around it may be any text.
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) =>
    decodeUtf8(Uint8Array.from(run.slice(1).split("%"), (hex) => parseInt(hex, 16))),
  );
}
