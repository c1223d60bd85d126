import { onAbort } from "./abort.ts";
import { cancelGrpc, started } from "./grpc-call.ts";
import { GrpcError, GrpcStreamEndedError, readHostStatus } from "./grpc-error.ts";
import type { GrpcClose, GrpcTarget, HostStatus } from "./grpc-error.ts";
import { GrpcStatus, grpcStatusName } from "./grpc-status.ts";
import { grpcService, targetOf } from "./grpc-target.ts";
import type { GrpcCodec, GrpcOptions } from "./grpc-target.ts";
import { ReceivedHeaders } from "./headers.ts";
import {
  cancel_grpc_streams,
  forget_grpc_stream,
  proxy_grpc_close,
  proxy_grpc_send,
  proxy_grpc_stream,
} from "./hostcalls.ts";
import type { BodyInit, GrpcReceiver } from "./hostcalls.ts";
import { MessageQueue } from "./message-queue.ts";
import { onForgetPlugin } from "./plugin-events.ts";
import { setTimeout } from "./timers.ts";

/** Options of {@link grpcStream}. */
export interface GrpcStreamOptions extends GrpcOptions {
  /**
   * How many bytes of messages may wait for being read, at most: a host has no way to slow a server down. More end the stream with
   * "overflow". Default: 4 MiB.
   */
  maxQueuedBytes?: number;
}

const DEFAULT_QUEUED_BYTES = 4 * 1024 * 1024;

/** A value that is there once, later. */
class Later<T> {
  resolve: (value: T) => void = () => undefined;
  readonly promise = new Promise<T>((resolve) => {
    this.resolve = resolve;
  });
}

/** Bytes as they are. */
const RAW: GrpcCodec<BodyInit, Uint8Array> = { encode: (message) => message, decode: (bytes) => bytes };

/**
 * An open gRPC stream, made by {@link grpcStream}. It belongs to the plugin, not to the HTTP stream whose hook opened it: it lives
 * until the server ends it, the filter cancels it, or the plugin ends or is configured again.
 *
 * @example
 * ```ts
 * const stream = grpcStream({ cluster: "chat", service: "chat.v1.Chat", method: "Talk" });
 * stream.send(question);
 * for await (const answer of stream) if (isLast(answer)) break; // leaving the loop cancels the stream
 * ```
 */
export class GrpcStream<Request = BodyInit, Response = Uint8Array> implements AsyncIterable<Response> {
  readonly #target: GrpcTarget;
  readonly #codec: GrpcCodec<Request, Response>;
  readonly #queue: MessageQueue;
  readonly #initialMetadata = new Later<ReceivedHeaders>();
  readonly #trailingMetadata = new Later<ReceivedHeaders>();
  readonly #status = new Later<GrpcClose>();
  /** 0: there is none, the host refused the stream. */
  readonly #id: number;
  readonly #stopListening: () => void;
  /** Why nothing can be sent any more; undefined while it can. */
  #ended: string | undefined;
  #closed = false;

  /** @internal */
  constructor(options: GrpcStreamOptions, codec: GrpcCodec<Request, Response>) {
    const { metadata, signal, maxQueuedBytes = DEFAULT_QUEUED_BYTES } = options;
    this.#target = targetOf(options, "grpcStream");
    this.#codec = codec;
    this.#queue = new MessageQueue(maxQueuedBytes);
    const { cluster, service, method } = this.#target;
    const receiver = this.#receiver();
    this.#id = started(this.#target, () =>
      proxy_grpc_stream(grpcService(cluster), service, method, metadata, receiver),
    );
    this.#stopListening = onAbort(signal, () => {
      this.#cancel("cancelled", "", signal?.reason);
    });
    if (signal?.aborted === true) {
      this.#cancel("cancelled", "", signal.reason);
    }
  }

  /** The metadata of the answer; empty when there are none, also of a stream that failed. Never rejects. */
  get initialMetadata(): Promise<ReceivedHeaders> {
    return this.#initialMetadata.promise;
  }

  /** The metadata after the last message; empty when there are none. In Envoy `grpc-status` is one of them. Never rejects. */
  get trailingMetadata(): Promise<ReceivedHeaders> {
    return this.#trailingMetadata.promise;
  }

  /** How the stream ended: code 0 when it went well, CANCELLED when the filter cancelled it. Never rejects. */
  get status(): Promise<GrpcClose> {
    return this.#status.promise;
  }

  /**
   * Sends a message. The host takes it at once and keeps it until the server does: there is no way to learn when that is.
   *
   * @throws GrpcStreamEndedError when the stream has ended, or the filter has called `end`. Spec: `proxy_grpc_send`.
   */
  send(message: Request): void {
    this.#send(message, false);
  }

  /**
   * Ends the filter's side of the stream, after one more message if there is one; the server's messages go on. Nothing happens
   * when that side, or the stream, has ended already.
   *
   * @throws GrpcStreamEndedError when there is a message and it cannot be sent. Spec: `proxy_grpc_close`, `proxy_grpc_send`.
   */
  end(message?: Request): void {
    if (message !== undefined) {
      this.#send(message, true);
    } else if (this.#ended === undefined && this.#id !== 0) {
      proxy_grpc_close(this.#id);
    }
    this.#ended ??= "the filter has ended its side of the stream";
  }

  /**
   * Ends the stream at once: what has not been read is gone, reading rejects with "cancelled", and nothing more is heard of it.
   * Nothing happens when it has ended already. The server sees the reset a millisecond later. Spec: `proxy_grpc_cancel`.
   */
  cancel(): void {
    this.#cancel("cancelled", "");
  }

  /**
   * The next message; undefined when the server has ended the stream with status 0.
   *
   * @throws (rejects) {@link GrpcError} when it has ended otherwise
   * @throws (rejects) what the codec throws, after which the stream is cancelled
   */
  async read(): Promise<Response | undefined> {
    const bytes = await this.#queue.next();
    if (bytes === undefined) {
      return undefined;
    }
    try {
      return this.#codec.decode(bytes);
    } catch (error) {
      this.cancel();
      throw error;
    }
  }

  /** Reads until the end. Leaving the loop early, by `break`, `return` or an error, cancels the stream. */
  [Symbol.asyncIterator](): AsyncIterator<Response, undefined> {
    return {
      next: () =>
        this.read().then((value) => (value === undefined ? { done: true, value: undefined } : { done: false, value })),
      return: () => {
        this.cancel();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  #send(message: Request, end: boolean): void {
    if (this.#ended !== undefined) {
      throw new GrpcStreamEndedError(this.#target, this.#ended);
    }
    const bytes = this.#codec.encode(message);
    if (this.#id !== 0) {
      proxy_grpc_send(this.#id, bytes, end);
    }
  }

  #receiver(): GrpcReceiver {
    return {
      onInitialMetadata: (pairs) => {
        this.#initialMetadata.resolve(new ReceivedHeaders(pairs));
      },
      onMessage: (message) => {
        if (!this.#closed && !this.#queue.push(message)) {
          this.#cancel("overflow", "more messages wait than maxQueuedBytes allows");
        }
      },
      onLost: () => {
        this.#cancel("overflow", "the filter has no memory left");
      },
      onTrailingMetadata: (pairs) => {
        this.#trailingMetadata.resolve(new ReceivedHeaders(pairs));
      },
      onClose: (code, text) => {
        this.#close(readHostStatus(code, text));
      },
    };
  }

  #cancel(reason: "cancelled" | "overflow", details: string, cause?: unknown): void {
    if (this.#closed) {
      return;
    }
    this.#queue.clear();
    const code = reason === "overflow" ? GrpcStatus.RESOURCE_EXHAUSTED : GrpcStatus.CANCELLED;
    this.#close({ code, codeName: grpcStatusName(code), details, reason }, cause);
    const id = this.#id;
    if (id !== 0) {
      forget_grpc_stream(id);
      // Not now: Envoy may be handing over what has arrived for this stream, and by its source would use freed memory then.
      setTimeout(() => {
        cancelGrpc(id);
      }, 0);
    }
  }

  #close({ code, codeName, details, reason }: HostStatus, cause?: unknown): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    this.#stopListening();
    this.#ended = `the stream has ended with ${codeName}`;
    this.#initialMetadata.resolve(new ReceivedHeaders([]));
    this.#trailingMetadata.resolve(new ReceivedHeaders([]));
    this.#status.resolve({ code, codeName, details });
    this.#queue.end(code === GrpcStatus.OK ? undefined : new GrpcError(this.#target, reason, code, details, cause));
  }
}

/**
 * Opens a stream to a method of a gRPC service, whichever side streams: send as many messages as you like, read as many as come.
 * Callable from every hook, from `setup` and from timers. A stream has no timeout: use `signal`.
 *
 * A stream that cannot be opened ends at once: reading rejects and `status` says why.
 *
 * @throws GrpcError when the host takes no gRPC calls at all
 * @throws TypeError when an option is wrong
 *
 * Spec: `proxy_grpc_stream`.
 *
 * @example
 * ```ts
 * const stream = grpcStream({ cluster: "limits", service: "limits.v1.Limits", method: "Watch" });
 * stream.end(request);
 * for await (const limits of stream) current = limits;
 * ```
 */
export function grpcStream<Request, Response>(
  options: GrpcStreamOptions & { codec: GrpcCodec<Request, Response> },
): GrpcStream<Request, Response>;
export function grpcStream(options: GrpcStreamOptions & { codec?: undefined }): GrpcStream;
export function grpcStream(
  options: GrpcStreamOptions & { codec?: GrpcCodec<unknown, unknown> | undefined },
): GrpcStream<unknown, unknown> | GrpcStream {
  const { codec } = options;
  return codec === undefined ? new GrpcStream(options, RAW) : new GrpcStream(options, codec);
}

onForgetPlugin(cancel_grpc_streams);
