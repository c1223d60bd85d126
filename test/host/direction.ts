import { MapType, StreamType } from "../../src/abi/index.ts";
import { BodyBuffer, emptyBuffer } from "./body-buffer.ts";
import { HeaderMap } from "./header-map.ts";
import { Watermark } from "./watermark.ts";

/** Where the parts of a message go after the filter. */
export interface MessageSink {
  readonly headers: (headers: HeaderMap, endOfStream: boolean) => void;
  readonly body: (chunk: Uint8Array, endOfStream: boolean) => void;
  readonly trailers: (trailers: HeaderMap) => void;
}

/** What differs between requests and responses. */
export const REQUEST = {
  name: "HttpRequest",
  type: StreamType.HttpRequest,
  headersMap: MapType.HttpRequestHeaders,
  trailersMap: MapType.HttpRequestTrailers,
  onHeaders: "proxy_on_request_headers",
  onBody: "proxy_on_request_body",
  onTrailers: "proxy_on_request_trailers",
} as const;

export const RESPONSE = {
  name: "HttpResponse",
  type: StreamType.HttpResponse,
  headersMap: MapType.HttpResponseHeaders,
  trailersMap: MapType.HttpResponseTrailers,
  onHeaders: "proxy_on_response_headers",
  onBody: "proxy_on_response_body",
  onTrailers: "proxy_on_response_trailers",
} as const;

export type Kind = typeof REQUEST | typeof RESPONSE;
type StreamCallback = Kind["onHeaders"] | Kind["onBody"] | Kind["onTrailers"];

/** Calls the module. Undefined: there is no such callback, which is as if it let everything go on. */
export type CallStream = (callback: StreamCallback, ...parameters: number[]) => number | undefined;

export interface DirectionSettings {
  /** Envoy's allow_on_headers_stop_iteration: a pause in the headers' callback does not hold back the body's. */
  readonly allowOnHeadersStopIteration: boolean;
  /** What the newest callback of the stream was told: Envoy keeps one flag for both directions (Context::end_of_stream_). */
  readonly newest: { endOfStream: boolean };
  /** Is told of what Envoy takes and should not have been asked for. */
  readonly warn: (message: string) => void;
  /** Envoy's per_connection_buffer_limit_bytes. */
  readonly bufferLimit: number;
  /** The filter holds more of a body than that. */
  readonly onTooLarge: (direction: Direction) => void;
}

/**
 * One message on its way through the filter, with the rules of Envoy's filter manager (http/filter_manager.cc) and of its
 * Wasm filter (extensions/common/wasm/context.cc) about what is called when, what is kept, and what the filter can see of it.
 */
export class Direction {
  readonly kind: Kind;
  readonly #call: CallStream;
  readonly #sink: MessageSink;
  readonly #settings: DirectionSettings;
  /** The maps, while the filter can change them. */
  visibleHeaders: HeaderMap | undefined;
  #visibleTrailers: HeaderMap | undefined;
  headers: HeaderMap | undefined;
  trailers: HeaderMap | undefined;
  /** Its headers have passed. */
  headersPassed = false;
  /** Everything has passed. */
  passed = false;
  /** What the last callback returned; undefined when none was called. */
  lastAction: number | undefined;
  #iteration: "continue" | "stop" | "stop all" = "continue";
  #buffered: BodyBuffer | undefined;
  /** Envoy's buffering_request_body_: the filter sees all that is buffered, and not the new chunk alone. */
  #seesBuffered = false;
  #chunk: BodyBuffer | undefined;
  #endReceived = false;
  #trailersAdded = false;
  /** Envoy's iterate_from_current_filter_: what waited behind a pause in the headers' callback is being shown. */
  #isShowing = false;
  #aborted = false;
  /** More than the limit is held behind a pause in the headers' callback: Envoy reads no more from the sender. */
  readonly watermark = new Watermark();

  constructor(kind: Kind, call: CallStream, sink: MessageSink, settings: DirectionSettings) {
    this.kind = kind;
    this.#call = call;
    this.#sink = sink;
    this.#settings = settings;
  }

  forgetAction(): void {
    this.lastAction = undefined;
  }

  /** Its end has arrived, whether it has passed or not. */
  get isReceived(): boolean {
    return this.#endReceived;
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  /** Nothing passes any more. */
  abort(): void {
    this.#aborted = true;
    this.watermark.fall();
  }

  get bufferLimit(): number {
    return this.#settings.bufferLimit;
  }

  /** Whether so much more, together with what is held, is above the limit. */
  wouldExceed(size: number): boolean {
    return size > 0 && (this.#buffered?.bytes.length ?? 0) + size > this.bufferLimit;
  }

  /** The filter has paused it. */
  get isHeld(): boolean {
    return this.#iteration !== "continue" && !this.#aborted;
  }

  receiveHeaders(headers: HeaderMap, endOfStream: boolean): void {
    this.lastAction = undefined;
    this.headers = this.visibleHeaders = headers;
    this.#endReceived = this.#settings.newest.endOfStream = endOfStream;
    const action = this.#run(this.kind.onHeaders, headers.size, Number(endOfStream));
    if (action === 0 || action === 2) {
      this.visibleHeaders = undefined;
      this.#passHeaders(endOfStream);
    } else if (action === 1 && this.#settings.allowOnHeadersStopIteration) {
      this.#iteration = "stop";
    } else {
      this.#iteration = "stop all";
    }
  }

  receiveBody(chunk: Uint8Array, endOfStream: boolean): void {
    if (endOfStream && this.wouldExceed(chunk.length)) {
      // That much never arrives together with the end: what is too much is so before the filter has seen the whole.
      this.receiveBody(chunk, false);
      this.receiveBody(new Uint8Array(), true);
      return;
    }
    this.lastAction = undefined;
    this.#endReceived = endOfStream;
    if (this.#aborted) {
      return;
    }
    if (this.#iteration === "stop all") {
      this.#keep(chunk);
      if (this.#isAboveLimit()) {
        this.watermark.rise();
      }
    } else {
      this.#filterBody(new BodyBuffer(chunk, true), endOfStream);
    }
  }

  receiveTrailers(trailers: HeaderMap): void {
    this.lastAction = undefined;
    this.#endReceived = true;
    this.trailers = trailers;
    if (!this.#aborted && this.#iteration !== "stop all") {
      this.#filterTrailers(trailers);
    }
  }

  /** Envoy's commonContinue. What waited behind a pause in the headers' callback is shown to the filter now. */
  continue(): void {
    if (this.#aborted || this.headers === undefined) {
      return;
    }
    if (this.#iteration === "continue") {
      this.#settings.warn(
        `proxy_continue_stream(${this.kind.name}) while it is not paused: Envoy sends headers twice when the callback goes on, ` +
          "and keeps the body for ever when it pauses; continue after the callback that pauses has returned",
      );
    }
    const isShown = this.#iteration === "stop all";
    this.#isShowing = isShown;
    this.#iteration = "continue";
    this.#continueWith(isShown);
    this.#isShowing = false;
  }

  #continueWith(isShown: boolean): void {
    const { trailers } = this;
    this.#passHeaders(this.#endReceived && this.#buffered === undefined && trailers === undefined);
    const buffered = this.#buffered;
    if (buffered !== undefined && !this.#isOver()) {
      const isEnd = this.#endReceived && trailers === undefined;
      if (isShown) {
        this.#filterBody(buffered, isEnd);
      } else {
        this.#buffered = undefined;
        this.watermark.fall();
        this.#passBody(buffered.drain(), isEnd);
      }
    }
    if (trailers !== undefined && !this.#isOver()) {
      if (isShown) {
        this.#filterTrailers(trailers);
      } else {
        this.#passTrailers(trailers);
      }
    }
  }

  /** Whatever way the stream goes on, Envoy's Context::continueStream forgets the parts of the request. */
  forget(): void {
    this.visibleHeaders = this.#visibleTrailers = this.#chunk = undefined;
  }

  /** @param access - asking for trailers in order to change them, at the end of a body that has none, adds them */
  visibleTrailers(access: "read" | "change"): HeaderMap | undefined {
    const isEnd = this.#settings.newest.endOfStream;
    if (access === "change" && this.#visibleTrailers === undefined && this.#chunk !== undefined && isEnd) {
      this.trailers = this.#visibleTrailers = new HeaderMap("trailers");
      this.#trailersAdded = true;
    }
    return this.#visibleTrailers;
  }

  get body(): BodyBuffer {
    return (this.#seesBuffered ? this.#buffered : this.#chunk) ?? emptyBuffer();
  }

  #filterBody(data: BodyBuffer, endOfStream: boolean): void {
    const { onTooLarge } = this.#settings;
    const wasAboveLimit = this.#isAboveLimit();
    if (this.#seesBuffered && data !== this.#buffered) {
      this.#keep(data.drain());
    }
    if (this.kind === RESPONSE && !wasAboveLimit && this.#isAboveLimit()) {
      onTooLarge(this); // a request's callback is called first
      return;
    }
    this.#chunk = data;
    this.#settings.newest.endOfStream = endOfStream;
    const action = this.#run(this.kind.onBody, this.body.bytes.length, Number(endOfStream));
    this.#seesBuffered = false;
    if (this.#aborted) {
      return;
    }
    if (!wasAboveLimit && this.#isAboveLimit()) {
      onTooLarge(this); // with this part, or because the filter has made it longer
      return;
    }
    if (action === 0) {
      this.#chunk = undefined;
      this.#bodyGoesOn(data, endOfStream);
      return;
    }
    this.#iteration = "stop";
    if (action === 1 || action === 2) {
      this.#seesBuffered = action === 1;
      if (data !== this.#buffered) {
        this.#keep(data.drain());
      }
      if (!wasAboveLimit && this.#isAboveLimit()) {
        onTooLarge(this);
        return;
      }
      this.#warnOfStandstill(endOfStream);
    } else if (endOfStream) {
      this.#keep(new Uint8Array());
    }
    if (this.#trailersAdded && this.trailers !== undefined && this.kind === REQUEST) {
      this.#warnOfTrailers("Envoy 1.40 sends them at once, and the body later, which");
      this.#passTrailers(this.trailers);
    }
  }

  #isAboveLimit(): boolean {
    return (this.#buffered?.bytes.length ?? 0) > this.bufferLimit;
  }

  /** Envoy notices when the limit is passed, and not later. */
  #warnOfStandstill(endOfStream: boolean): void {
    if (this.watermark.isAbove && !endOfStream && this.trailers === undefined) {
      this.#settings.warn(
        `${this.kind.onBody} paused with more than ${this.bufferLimit} bytes, the buffer limit, after a pause in ` +
          `${this.kind.onHeaders}: Envoy 1.40 reads no more of it and answers nothing, until the stream's idle timeout; ` +
          'take such bodies in parts (mode "stream"), or do not wait in the hook of the headers',
      );
    }
  }

  #warnOfTrailers(what: string): void {
    if (this.#trailersAdded && this.kind === REQUEST) {
      this.#settings.warn(
        `trailers were added to a request whose body was paused: ${what} breaks the connection to an HTTP/1.1 upstream; ` +
          "add them outside of the body's callback, before proxy_continue_stream",
      );
    }
  }

  #bodyGoesOn(data: BodyBuffer, endOfStream: boolean): void {
    if (this.#iteration === "stop") {
      if (data !== this.#buffered) {
        this.#keep(data.drain());
      }
      this.#warnOfTrailers("Envoy 1.40 sends them twice, which");
      this.continue();
      return;
    }
    if (this.#buffered !== undefined && data !== this.#buffered) {
      // After proxy_continue_stream the next part is still added to what was buffered: measured, it all goes on.
      this.#buffered.append(data.drain());
    }
    const passing = this.#buffered ?? data;
    this.#buffered = undefined;
    this.watermark.fall();
    this.#passBody(passing.drain(), endOfStream && !this.#trailersAdded);
    if (this.#trailersAdded && this.trailers !== undefined) {
      if (this.#isShowing) {
        this.#filterTrailers(this.trailers);
      } else {
        this.#passTrailers(this.trailers);
      }
    }
  }

  #filterTrailers(trailers: HeaderMap): void {
    this.#visibleTrailers = trailers;
    const action = this.#run(this.kind.onTrailers, trailers.size);
    if (this.#aborted) {
      return;
    }
    if (action !== 0) {
      this.#iteration = "stop";
      return;
    }
    this.#visibleTrailers = undefined;
    if (this.#iteration === "stop" && this.#isShowing) {
      // Envoy's commonContinue within itself: what it holds of the body does not pass on, and the callback is called again.
      this.#settings.warn(
        `${this.kind.onBody} paused, and ${this.kind.onTrailers} went on, within one proxy_continue_stream(${this.kind.name}): ` +
          "Envoy 1.40 loses the body and calls the trailers' callback twice; pause there, too, and continue later",
      );
      this.#iteration = "continue";
      this.#filterTrailers(trailers);
    } else if (this.#iteration === "stop") {
      this.continue();
    } else {
      this.#passTrailers(trailers);
    }
  }

  #run(callback: StreamCallback, ...parameters: number[]): number {
    const action = this.#call(callback, ...parameters) ?? 0;
    this.lastAction ??= action;
    return action;
  }

  #isOver(): boolean {
    return this.#aborted || this.passed;
  }

  #keep(data: Uint8Array): void {
    this.#buffered ??= new BodyBuffer(new Uint8Array(), true);
    this.#buffered.append(data);
  }

  #passHeaders(isEnd: boolean): void {
    if (this.#aborted || this.headersPassed || this.headers === undefined) {
      return;
    }
    this.headersPassed = true;
    this.passed = isEnd;
    this.#sink.headers(this.headers, isEnd);
  }

  #passBody(chunk: Uint8Array, isEnd: boolean): void {
    if (!this.#isOver()) {
      this.passed = isEnd;
      this.#sink.body(chunk, isEnd);
    }
  }

  #passTrailers(trailers: HeaderMap): void {
    if (!this.#isOver()) {
      this.passed = true;
      this.#sink.trailers(trailers);
    }
  }
}
