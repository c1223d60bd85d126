import { checkHeaderValue } from "./byte-string.ts";
import type { HeaderPair } from "./pairs.ts";

/** The Web's requests and responses have no trailers; here they are, beside them. */
const trailersByMessage = new WeakMap<Request | Response, readonly HeaderPair[]>();

/**
 * Gives trailers to a response that a handler returns. The filter sees them in proxy_on_response_trailers, or as those of a call's
 * answer.
 *
 * @param trailers - byte strings, sent in order
 * @example
 * ```ts
 * upstream: () => withTrailers(new Response("body"), [["x-checksum", "1f2e"]])
 * ```
 */
export function withTrailers<M extends Request | Response>(message: M, trailers: Iterable<HeaderPair>): M {
  const pairs = Array.from(trailers, ([name, value]) => [name, checkHeaderValue(value, name)] as const);
  trailersByMessage.set(message, pairs);
  return message;
}

/** The trailers of a response from `TestHost.fetch`, or of a request that a handler is given: pairs in order. */
export function trailersOf(message: Request | Response): readonly HeaderPair[] {
  return trailersByMessage.get(message) ?? [];
}
