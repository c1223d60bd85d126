import type { Sender } from "./endpoint.ts";
import { ConnectionError } from "./errors.ts";
import type { HttpMessage } from "./http-message.ts";
import { upstreamFailure } from "./local-reply.ts";

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
  signal: AbortSignal,
): Promise<HttpMessage | undefined> {
  const abort = new AbortController();
  const start = performance.now();
  let hasHeaders = false;
  const work = async (): Promise<HttpMessage | undefined> => {
    try {
      const { headers, rest } = await send(request, abort.signal);
      hasHeaders = true;
      // Envoy's mark on what an upstream answered, and not Envoy itself.
      headers.replace("x-envoy-upstream-service-time", String(Math.round(performance.now() - start)));
      return { headers, ...(await rest()) };
    } catch (error) {
      const reason = error instanceof ConnectionError ? error.message : "remote connection failure";
      const text = `upstream connect error or disconnect/reset before headers. reset reason: ${reason}`;
      return hasHeaders ? undefined : upstreamFailure(503, text, request.headers);
    }
  };
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const stop = new Promise<HttpMessage | undefined>((resolve, reject) => {
    onAbort = () => {
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", onAbort);
    if (timeoutMs > 0) {
      timer = setTimeout(() => {
        resolve(hasHeaders ? undefined : upstreamFailure(504, "upstream request timeout", request.headers));
      }, timeoutMs);
    }
  });
  try {
    signal.throwIfAborted();
    return await Promise.race([work(), stop]);
  } finally {
    clearTimeout(timer);
    if (onAbort !== undefined) {
      signal.removeEventListener("abort", onAbort);
    }
    // Whatever is still under way is of no use any more. After a complete answer this does nothing.
    abort.abort();
  }
}
