import { Action } from "../../src/abi/index.ts";
import { headerPairs, inputBytes } from "./client-request.ts";
import type { BytesInput, HeadersInput } from "./client-request.ts";
import type { Direction } from "./direction.ts";
import { StreamResetError, TestHostError } from "./errors.ts";
import { HeaderMap } from "./header-map.ts";
import { MessageRecorder } from "./recording.ts";
import type { MessagePart, Recording } from "./recording.ts";
import type { HttpStream, StreamEnds } from "./stream.ts";

/** The name of a `proxy_action_t`. */
export type ActionName = keyof typeof Action;

/** What came of one part of a message. */
export interface StreamStep {
  /** What the filter's callback returned: "Pause" is everything but Continue. Undefined: no callback was called. */
  readonly action: ActionName | undefined;
  /** What passed on to the upstream meanwhile, in order. */
  readonly upstream: readonly MessagePart[];
  /** What passed on to the client meanwhile, in order; a local reply, too. */
  readonly downstream: readonly MessagePart[];
}

/** Options of a part of a message. */
export interface PartOptions {
  /** The message ends with this part. Default: false. */
  readonly endOfStream?: boolean;
}

/**
 * A stream whose events a test makes one by one, as the client and as the upstream. `upstream` and `downstream` are what has
 * arrived there so far: what the filter holds is not among it. The stream ends by itself when the whole response has passed.
 */
export class StreamHandle {
  readonly #stream: HttpStream;
  readonly #upstream = new MessageRecorder();
  readonly #downstream = new MessageRecorder();
  #reset: Error | undefined;
  #isEnded = false;

  /** @internal */
  constructor(openStream: (ends: StreamEnds) => HttpStream) {
    this.#stream = openStream({
      upstream: sinkOf(this.#upstream),
      downstream: sinkOf(this.#downstream),
      ended: (reset) => {
        this.#isEnded = true;
        this.#reset = reset;
      },
    });
  }

  /** The id of the stream's context, as in `TestHost.calls`. */
  get contextId(): number {
    return this.#stream.id;
  }

  /** What has arrived at the upstream. */
  get upstream(): Recording {
    return this.#upstream;
  }

  /** What has arrived at the client. */
  get downstream(): Recording {
    return this.#downstream;
  }

  /** The filter has seen the end of the stream (proxy_on_log, proxy_on_done, proxy_on_delete). */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /**
   * The proxy has given up what it asked the upstream: the client was answered in its place, or the stream ended before the
   * upstream's response did.
   */
  get isUpstreamReset(): boolean {
    const isAsked = this.#upstream.headers !== undefined;
    return isAsked && this.#sent.get(this.#stream.response) !== "end" && (this.#isEnded || this.#stream.isAnswered);
  }

  /**
   * Who is not read from at the moment, because the filter holds more than the host's buffer limit of what they sent behind a pause in
   * the headers' callback (Envoy's high watermark).
   */
  get backpressure(): { readonly request: boolean; readonly response: boolean } {
    const { request, response } = this.#stream;
    return { request: request.watermark.isAbove, response: response.watermark.isAbove };
  }

  /** Why the stream was reset; undefined when it was not. */
  get resetReason(): Error | undefined {
    return this.#reset;
  }

  /** The client sends headers. Pseudo headers that are not given are those of `GET http://host/`. */
  requestHeaders(headers: HeadersInput = {}, { endOfStream = false }: PartOptions = {}): StreamStep {
    const defaults = [
      [":authority", "host"],
      [":path", "/"],
      [":method", "GET"],
      [":scheme", "http"],
    ] as const;
    const map = headerMap("request", defaults, headers);
    return this.#step(this.#stream.request, "requestHeaders", "headers", endOfStream, () => {
      this.#stream.requestHeaders(map, endOfStream);
    });
  }

  /** The client sends a part of the body. */
  requestBody(chunk: BytesInput, { endOfStream = false }: PartOptions = {}): StreamStep {
    return this.#step(this.#stream.request, "requestBody", "body", endOfStream, () => {
      this.#stream.requestBody(inputBytes(chunk), endOfStream);
    });
  }

  /** The client sends trailers, which end the request. */
  requestTrailers(trailers: HeadersInput): StreamStep {
    const map = headerMap("trailers", [], trailers);
    return this.#step(this.#stream.request, "requestTrailers", "body", true, () => {
      this.#stream.requestTrailers(map);
    });
  }

  /** The upstream sends headers. Default: `:status` 200. */
  responseHeaders(headers: HeadersInput = {}, { endOfStream = false }: PartOptions = {}): StreamStep {
    const map = headerMap("response", [[":status", "200"]], headers);
    return this.#step(this.#stream.response, "responseHeaders", "headers", endOfStream, () => {
      this.#stream.responseHeaders(map, endOfStream);
    });
  }

  /** The upstream sends a part of the body. */
  responseBody(chunk: BytesInput, { endOfStream = false }: PartOptions = {}): StreamStep {
    return this.#step(this.#stream.response, "responseBody", "body", endOfStream, () => {
      this.#stream.responseBody(inputBytes(chunk), endOfStream);
    });
  }

  /** The upstream sends trailers, which end the response. */
  responseTrailers(trailers: HeadersInput): StreamStep {
    const map = headerMap("trailers", [], trailers);
    return this.#step(this.#stream.response, "responseTrailers", "body", true, () => {
      this.#stream.responseTrailers(map);
    });
  }

  /** The client leaves before the end. */
  reset(): void {
    this.#stream.reset(new StreamResetError("the client left (StreamHandle.reset)"));
  }

  /** The upstream's connection breaks: the client is answered with 503 in its place, or sees its own connection break, too. */
  responseReset(): void {
    this.#sent.set(this.#stream.response, "end");
    this.#stream.upstreamReset("connection termination");
  }

  /** Ends a stream that has not ended, so that the filter sees its end. Does nothing otherwise. */
  close(): void {
    this.#stream.reset(new StreamResetError("the stream was closed (StreamHandle.close)"));
  }

  readonly #sent = new Map<Direction, "headers" | "end">();

  #step(direction: Direction, what: string, part: "headers" | "body", isEnd: boolean, run: () => void): StreamStep {
    const sent = this.#sent.get(direction);
    if (part === "headers" ? sent !== undefined : sent !== "headers") {
      const reason = sent === undefined ? "its headers were not sent" : "it was sent already, or the message has ended";
      throw new TestHostError(`${what}: ${reason}; send headers once, then the body, then trailers`);
    }
    if (direction === this.#stream.response && !this.#sent.has(this.#stream.request)) {
      throw new TestHostError(`${what}: there is no request yet; send requestHeaders first`);
    }
    this.#sent.set(direction, isEnd ? "end" : "headers");
    const [ups, downs] = [this.#upstream.parts.length, this.#downstream.parts.length];
    direction.forgetAction();
    run();
    const { lastAction } = direction;
    return {
      action: lastAction === undefined ? undefined : lastAction === Action.Continue ? "Continue" : "Pause",
      upstream: this.#upstream.parts.slice(ups),
      downstream: this.#downstream.parts.slice(downs),
    };
  }
}

function sinkOf(recorder: MessageRecorder): StreamEnds["upstream"] {
  return {
    headers: (headers, isEnd) => {
      recorder.onHeaders(headers, isEnd);
    },
    body: (chunk, isEnd) => {
      recorder.onBody(chunk, isEnd);
    },
    trailers: (trailers) => {
      recorder.onTrailers(trailers);
    },
  };
}

function headerMap(
  kind: "request" | "response" | "trailers",
  defaults: readonly (readonly [string, string])[],
  given: HeadersInput,
): HeaderMap {
  const pairs = headerPairs(given, kind);
  const isGiven = (name: string) => pairs.some(([other]) => other.toLowerCase() === name);
  return new HeaderMap(kind, [...defaults.filter(([name]) => !isGiven(name)), ...pairs]);
}
