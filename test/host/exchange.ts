import { collect } from "./chunks.ts";
import type { Clock } from "./clock.ts";
import type { Sender } from "./endpoint.ts";
import { ConnectionError } from "./errors.ts";
import type { HttpMessage, StreamedMessage } from "./http-message.ts";
import { upstreamFailure, upstreamFailureText } from "./local-reply.ts";
import { pumpMessage } from "./message-pump.ts";
import type { HttpStream } from "./stream.ts";

/** What connects the parts of an exchange. */
export interface ExchangeSettings {
  readonly clock: Clock;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/**
 * Sends a request and gets the whole answer. When there is none, the answer is the one that Envoy makes: 503 when the
 * connection fails, 504 after `timeoutMs` (0: no limit). Undefined: the answer broke off after its headers.
 *
 * Never rejects, except that it rejects with the signal's reason when that fires.
 */
export async function exchange(
  send: Sender,
  request: HttpMessage,
  timeoutMs: number,
  { clock, signal }: ExchangeSettings,
): Promise<HttpMessage | undefined> {
  const abort = new AbortController();
  let hasHeaders = false;
  const work = async (): Promise<HttpMessage | undefined> => {
    try {
      const { headers, chunks, trailers } = await open(send, request, { clock, signal: abort.signal });
      hasHeaders = true;
      return { headers, body: await collect(chunks), trailers: trailers() };
    } catch (error) {
      return hasHeaders ? undefined : upstreamFailure(503, upstreamFailureText(reasonOf(error)), request.headers);
    }
  };
  let stopTimer: () => void = () => undefined;
  let onAbort: (() => void) | undefined;
  const stop = new Promise<HttpMessage | undefined>((resolve, reject) => {
    onAbort = () => {
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", onAbort);
    if (timeoutMs > 0) {
      stopTimer = clock.after(timeoutMs, () => {
        resolve(hasHeaders ? undefined : upstreamFailure(504, "upstream request timeout", request.headers));
      });
    }
  });
  try {
    signal.throwIfAborted();
    return await Promise.race([work(), stop]);
  } finally {
    stopTimer();
    if (onAbort !== undefined) {
      signal.removeEventListener("abort", onAbort);
    }
    // Whatever is still under way is of no use any more. After a complete answer this does nothing.
    abort.abort();
  }
}

/**
 * Sends a stream's request to the upstream, and the answer back through the stream, part by part.
 *
 * @param onBroken - is told that the answer broke off after its headers
 */
export async function forward(
  send: Sender,
  request: HttpMessage,
  stream: HttpStream,
  settings: ExchangeSettings,
  onBroken: () => void,
): Promise<void> {
  let answer: StreamedMessage;
  try {
    answer = await open(send, request, settings);
  } catch (error) {
    if (!settings.signal.aborted) {
      stream.upstreamReset(reasonOf(error));
    }
    return;
  }
  try {
    await pumpMessage(answer, stream.responseInlet);
  } catch {
    onBroken();
  }
}

async function open(send: Sender, request: HttpMessage, { clock, signal }: ExchangeSettings): Promise<StreamedMessage> {
  const start = clock.monotonic();
  const answer = await send(request, signal);
  // Envoy's mark on what an upstream answered, and not Envoy itself.
  answer.headers.replace("x-envoy-upstream-service-time", String((clock.monotonic() - start) / 1_000_000n));
  return answer;
}

function reasonOf(error: unknown): string {
  return error instanceof ConnectionError ? error.message : "remote connection failure";
}
