import { messageOf, TestHostError } from "./errors.ts";
import type { HeaderPair } from "./pairs.ts";

/** What a gRPC handler is told of a call, and where it puts metadata. */
export interface GrpcInfo {
  readonly cluster: string;
  /** For example "pkg.Service". */
  readonly service: string;
  readonly method: string;
  /** The metadata of the request: pairs of byte strings, in order. */
  readonly metadata: readonly HeaderPair[];
  /** Goes to the filter before the first message: push pairs before that. */
  readonly initialMetadata: [string, string][];
  /** Goes to the filter after the last message: push pairs before the handler ends. */
  readonly trailingMetadata: [string, string][];
  /** Fires when the filter cancels, the timeout passes, or the host closes. */
  readonly signal: AbortSignal;
}

/** Answers one message with one. To fail, throw something with a numeric `code`, for example `{ code: 5, message: "no such" }`. */
export type GrpcUnaryHandler = (message: Uint8Array, info: GrpcInfo) => Uint8Array | Promise<Uint8Array>;

/** Takes messages as they come, and yields messages: an async generator function. It fails as a unary handler does. */
export interface GrpcStreamHandler {
  readonly stream: (messages: AsyncIterable<Uint8Array>, info: GrpcInfo) => AsyncIterable<Uint8Array>;
}

/** One message for one, or any number for any number. */
export type GrpcHandler = GrpcUnaryHandler | GrpcStreamHandler;

/** gRPC services by cluster and then by method, such as "pkg.Service/Method". Messages are protobuf, or any other bytes. */
export type GrpcServices = Readonly<Record<string, Readonly<Record<string, GrpcHandler>>>>;

/** How a call ended: a gRPC status. */
export interface GrpcStatus {
  readonly code: number;
  readonly message: string;
}

const OK: GrpcStatus = { code: 0, message: "" };
const UNKNOWN = 2;
const UNIMPLEMENTED = 12;

/**
 * Runs a handler.
 *
 * @param onError - is told what it threw when that is no gRPC status
 * @returns how it ended; never rejects
 */
export async function runGrpcHandler(
  handler: GrpcHandler | undefined,
  requests: AsyncIterable<Uint8Array>,
  info: GrpcInfo,
  onMessage: (message: Uint8Array) => void,
  onError: (error: unknown) => void,
): Promise<GrpcStatus> {
  if (handler === undefined) {
    return { code: UNIMPLEMENTED, message: `unknown method ${info.service}/${info.method}` };
  }
  try {
    if (typeof handler === "object") {
      for await (const message of handler.stream(requests, info)) {
        onMessage(checkMessage(message));
      }
    } else {
      for await (const message of requests) {
        onMessage(checkMessage(await handler(message, info)));
        break;
      }
    }
    return OK;
  } catch (error) {
    return statusOf(error, onError);
  }
}

function checkMessage(message: unknown): Uint8Array {
  if (!(message instanceof Uint8Array)) {
    throw new TestHostError("a gRPC handler must give bytes: a Uint8Array, for example of a protobuf message");
  }
  return message;
}

function statusOf(error: unknown, onError: (error: unknown) => void): GrpcStatus {
  if (typeof error === "object" && error !== null && "code" in error && typeof error.code === "number") {
    return { code: error.code, message: "message" in error ? String(error.message) : "" };
  }
  onError(error);
  return { code: UNKNOWN, message: messageOf(error) };
}

/** Messages on their way to a handler. */
export class MessageQueue implements AsyncIterable<Uint8Array> {
  readonly #messages: Uint8Array[] = [];
  #ended = false;
  #wake: () => void = () => undefined;

  push(message: Uint8Array): void {
    if (!this.#ended) {
      this.#messages.push(message);
      this.#wake();
    }
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, unknown> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) {
        yield message;
      } else if (this.#ended) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
