import type { Clock } from "./clock.ts";
import type { Sender } from "./endpoint.ts";
import { forward } from "./exchange.ts";
import type { HttpMessage, StreamedMessage } from "./http-message.ts";
import { pumpMessage } from "./message-pump.ts";
import { MessageRecorder } from "./recording.ts";
import type { HttpStream, StreamEnds } from "./stream.ts";

export interface DriveSettings {
  readonly send: Sender;
  readonly clock: Clock;
  /** Aborting it is a client that leaves. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Sends a request through the filter to the upstream, and gets the response. The upstream is asked when it has the whole
 * request.
 *
 * @throws (rejects) the reason of a reset
 */
export function drive(
  openStream: (ends: StreamEnds) => HttpStream,
  request: StreamedMessage,
  { send, clock, signal }: DriveSettings,
): Promise<HttpMessage> {
  const over = new AbortController();
  const upstream = new MessageRecorder();
  const downstream = new MessageRecorder();
  return new Promise((resolve, reject) => {
    // Later, because it may be the filter's own log line that somebody aborts on, and the filter must not be entered twice.
    const onAbort = () => {
      queueMicrotask(() => {
        stream.reset(signal?.reason as Error);
      });
    };
    const onBroken = () => {
      stream.upstreamReset("connection termination");
    };
    const sendOn = () => {
      queueMicrotask(() => {
        if (!over.signal.aborted) {
          void forward(send, upstream.message(), stream, { clock, signal: over.signal }, onBroken);
        }
      });
    };
    const stream = openStream({
      upstream: {
        headers: (headers, isEnd) => {
          upstream.onHeaders(headers, isEnd);
          if (isEnd) {
            sendOn();
          }
        },
        body: (chunk, isEnd) => {
          upstream.onBody(chunk, isEnd);
          if (isEnd) {
            sendOn();
          }
        },
        trailers: (trailers) => {
          upstream.onTrailers(trailers);
          sendOn();
        },
      },
      downstream: {
        headers: (headers, isEnd) => {
          downstream.onHeaders(headers, isEnd);
        },
        body: (chunk, isEnd) => {
          downstream.onBody(chunk, isEnd);
        },
        trailers: (trailers) => {
          downstream.onTrailers(trailers);
        },
      },
      ended: (reset) => {
        over.abort();
        signal?.removeEventListener("abort", onAbort);
        if (reset === undefined) {
          resolve(downstream.message());
        } else {
          reject(reset);
        }
      },
    });
    signal?.addEventListener("abort", onAbort);
    pumpMessage(request, stream.requestInlet, () => stream.over).catch((error: unknown) => {
      stream.reset(error as Error);
    });
  });
}
