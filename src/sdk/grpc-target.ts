import type { AbortSignalLike } from "./abort.ts";
import type { GrpcTarget } from "./grpc-error.ts";
import type { HeadersInit } from "./headers.ts";
import type { BodyInit } from "./hostcalls.ts";
import { encodeUtf8 } from "./utf8.ts";

/**
 * Turns messages into bytes and back, for example with a protobuf library.
 *
 * @example
 * ```ts
 * const codec: GrpcCodec<CheckRequest, CheckResponse> = {
 *   encode: (request) => toBinary(CheckRequestSchema, request),
 *   decode: (bytes) => fromBinary(CheckResponseSchema, bytes),
 * };
 * ```
 */
export interface GrpcCodec<Request, Response> {
  encode(message: Request): BodyInit;
  decode(bytes: Uint8Array): Response;
}

/** What calls and streams have in common. */
export interface GrpcOptions {
  /** The host's cluster that is called; it must speak HTTP/2. */
  cluster: string;
  /** The service's full name, for example "helloworld.Greeter". */
  service: string;
  /** For example "SayHello". */
  method: string;
  /** Metadata of the request: byte strings, as headers are. Envoy encodes those whose name ends with "-bin" in base64. */
  metadata?: HeadersInit;
  /** Cancels when it fires. */
  signal?: AbortSignalLike | undefined;
}

/** @internal @throws TypeError when a name is empty */
export function targetOf({ cluster, service, method }: GrpcOptions, what: string): GrpcTarget {
  for (const [name, value] of Object.entries({ cluster, service, method })) {
    if (typeof value !== "string" || value === "") {
      throw new TypeError(`${what}: ${name} must be a name, not ${JSON.stringify(value)}`);
    }
  }
  return { cluster, service, method };
}

/** The numbers of envoy.config.core.v3.GrpcService's `envoy_grpc` and of its `cluster_name`: both 1. */
const FIRST_FIELD = (1 << 3) | 2;

/** The upstream of Envoy's gRPC calls: a serialized envoy.config.core.v3.GrpcService. @internal */
export function grpcService(cluster: string): Uint8Array {
  return field(field(encodeUtf8(cluster)));
}

function field(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from([FIRST_FIELD, ...varint(bytes.length), ...bytes]);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
