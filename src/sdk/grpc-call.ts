import { onAbort } from "./abort.ts";
import type { AbortSignalLike } from "./abort.ts";
import { HostError } from "./errors.ts";
import { GrpcError, readHostStatus } from "./grpc-error.ts";
import type { GrpcTarget } from "./grpc-error.ts";
import { GrpcStatus } from "./grpc-status.ts";
import { grpcService, targetOf } from "./grpc-target.ts";
import type { GrpcCodec, GrpcOptions } from "./grpc-target.ts";
import { proxy_grpc_call, proxy_grpc_cancel } from "./hostcalls.ts";
import type { BodyInit } from "./hostcalls.ts";

/** Options of {@link grpcCall}. */
export interface GrpcCallOptions<Request> extends GrpcOptions {
  /** The request. Without a codec: bytes, or a string, which is sent as UTF-8. */
  message: Request;
  /** Milliseconds, 1 to 2147483647. Default: 5000. */
  timeoutMs?: number;
}

/** The answer to a {@link grpcCall}. Envoy gives no metadata of it: open a stream for these. */
export interface GrpcAnswer<Response = Uint8Array> {
  readonly message: Response;
}

const DEFAULT_TIMEOUT_MS = 5000;
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * Calls a unary method of a gRPC service: one message for one. Callable from every hook, from `setup` and from timers.
 *
 * @throws (rejects) {@link GrpcError} for a status other than 0, and when there is no answer at all
 * @throws (rejects) TypeError or RangeError when an option is wrong
 * @throws (rejects) what the codec throws
 *
 * Spec: `proxy_grpc_call`, `proxy_on_grpc_receive`, `proxy_on_grpc_close`.
 *
 * @example
 * ```ts
 * const { message } = await grpcCall({ cluster: "auth", service: "auth.v1.Auth", method: "Check", message: bytes, timeoutMs: 200 });
 * ```
 */
export function grpcCall<Request, Response>(
  options: GrpcCallOptions<Request> & { codec: GrpcCodec<Request, Response> },
): Promise<GrpcAnswer<Response>>;
export function grpcCall(options: GrpcCallOptions<BodyInit> & { codec?: undefined }): Promise<GrpcAnswer>;
export async function grpcCall(
  options: GrpcCallOptions<unknown> & { codec?: GrpcCodec<unknown, unknown> | undefined },
): Promise<GrpcAnswer<unknown>> {
  const { codec, message } = options;
  const bytes = await call(options, codec === undefined ? (message as BodyInit) : codec.encode(message));
  return { message: codec === undefined ? bytes : codec.decode(bytes) };
}

async function call(options: GrpcCallOptions<unknown>, message: BodyInit): Promise<Uint8Array> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, metadata, signal } = options;
  const target = targetOf(options, "grpcCall");
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > MAX_TIMEOUT_MS) {
    throw new RangeError(`grpcCall: timeoutMs must be an integer from 1 to ${MAX_TIMEOUT_MS}, not ${timeoutMs}`);
  }
  throwIfAborted(target, signal);
  const { cluster, service, method } = target;
  const [id, outcome] = started(target, () =>
    proxy_grpc_call(grpcService(cluster), service, method, metadata, message, timeoutMs),
  );
  const stopListening = onAbort(signal, () => {
    cancelGrpc(id);
  });
  const answer = await outcome;
  stopListening();
  if (answer instanceof Uint8Array) {
    return answer;
  }
  throwIfAborted(target, signal);
  const { code, details, reason } = readHostStatus(...answer);
  throw new GrpcError(target, reason, code, details);
}

/** @internal What `start` returns. @throws GrpcError when the host refuses */
export function started<T>(target: GrpcTarget, start: () => T): T {
  try {
    return start();
  } catch (error) {
    if (error instanceof HostError) {
      throw new GrpcError(target, "refused-by-host", GrpcStatus.UNAVAILABLE, error.message, error);
    }
    throw error;
  }
}

function throwIfAborted(target: GrpcTarget, signal: AbortSignalLike | undefined): void {
  if (signal?.aborted === true) {
    throw new GrpcError(target, "cancelled", GrpcStatus.CANCELLED, "", signal.reason);
  }
}

/** Cancels what may have ended. @internal */
export function cancelGrpc(id: number): void {
  try {
    proxy_grpc_cancel(id);
  } catch (error) {
    if (!(error instanceof HostError)) {
      throw error;
    }
  }
}
