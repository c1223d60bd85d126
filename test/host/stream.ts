import { BufferType, Status, StreamType } from "../../src/abi/index.ts";
import { AnnouncedLength } from "./announced-length.ts";
import { streamAttribute } from "./attributes.ts";
import { textToBytes } from "./byte-string.ts";
import type { MapType } from "../../src/abi/index.ts";
import type { BodyBuffer } from "./body-buffer.ts";
import type { Clock } from "./clock.ts";
import type { Context, RootContext } from "./context.ts";
import { Direction, REQUEST, RESPONSE } from "./direction.ts";
import type { Kind, MessageSink } from "./direction.ts";
import { StreamResetError } from "./errors.ts";
import { HeaderMap } from "./header-map.ts";
import { sentHeaders } from "./http-message.ts";
import { makeLocalReply, upstreamFailureText } from "./local-reply.ts";
import type { LocalReply } from "./local-reply.ts";
import type { FailurePolicy } from "./machines.ts";
import type { MessageInlet } from "./message-pump.ts";
import type { Attribute } from "./properties.ts";
import type { Vm } from "./vm.ts";

/** Who a stream is between. */
export interface StreamEnds {
  /** What passes on to the upstream. */
  readonly upstream: MessageSink;
  /** What passes on to the client. */
  readonly downstream: MessageSink;
  /** It is over, and the filter has seen that. Undefined: with a whole response. Otherwise why it was reset. */
  readonly ended: (reset: Error | undefined) => void;
}

export interface StreamSettings {
  readonly clock: Clock;
  readonly connectionId: number;
  readonly allowOnHeadersStopIteration: boolean;
  readonly failurePolicy: FailurePolicy;
  readonly warn: (message: string) => void;
  /** Envoy's per_connection_buffer_limit_bytes. */
  readonly bufferLimit: number;
}

const FORWARDED_PROTO = "x-forwarded-proto";

/**
 * One request on its way through the filter to the upstream, and the response on its way back.
 *
 * What the filter asks for in a callback (to go on, to close, a local reply) happens when that callback has returned, and
 * before what it returned counts.
 */
export class HttpStream implements Context {
  readonly id: number;
  readonly root: RootContext;
  readonly filterState = new Map<string, Uint8Array>();
  readonly request: Direction;
  readonly response: Direction;
  readonly #vm: Vm;
  readonly #ends: StreamEnds;
  readonly #settings: StreamSettings;
  readonly #startTime: bigint;
  #duration: bigint | undefined;
  #isLogging = false;
  #isAnswered = false;
  #hasForwardedProto = false;
  /** The response's headers as the client got them. */
  #sent: HeaderMap | undefined;
  #over = false;
  #code: number | undefined;
  #codeDetails: string | undefined;
  #bytesReceived = 0;
  #bytesSent = 0;

  constructor(id: number, vm: Vm, root: RootContext, ends: StreamEnds, settings: StreamSettings) {
    this.id = id;
    this.root = root;
    this.#vm = vm;
    this.#ends = ends;
    this.#settings = settings;
    this.#startTime = settings.clock.now();
    const onTooLarge = (direction: Direction) => {
      this.#tooLarge(direction);
    };
    const shared = { ...settings, newest: { endOfStream: false }, onTooLarge };
    const direction = (kind: Kind, sink: MessageSink) =>
      new Direction(kind, (callback, ...parameters) => vm.callStream(callback, id, ...parameters), sink, shared);
    this.request = direction(REQUEST, this.#upstream());
    this.response = direction(RESPONSE, this.#downstream());
  }

  /** The stream has ended. */
  get over(): boolean {
    return this.#over;
  }

  /** The filter holds the request or the response back. */
  get isPaused(): boolean {
    return !this.#over && (this.request.isHeld || (this.response.isHeld && !this.#isAnswered));
  }

  /** Envoy's RESPONSE_CODE_DETAILS, once they are known. */
  get codeDetails(): string | undefined {
    return this.#codeDetails;
  }

  /** The host has answered in the upstream's place. */
  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  requestHeaders(headers: HeaderMap, endOfStream: boolean): void {
    if (this.#vm.failed && this.#settings.failurePolicy !== "FAIL_OPEN") {
      this.request.headers = headers;
      this.fail();
      return;
    }
    this.#hasForwardedProto = headers.has(FORWARDED_PROTO);
    this.#vm.call("proxy_on_context_create", this.id, this.root.id);
    if (!this.#over) {
      this.request.receiveHeaders(headers, endOfStream);
    }
  }

  requestBody(chunk: Uint8Array, endOfStream: boolean): void {
    this.#bytesReceived += chunk.length;
    this.request.receiveBody(chunk, endOfStream);
  }

  requestTrailers(trailers: HeaderMap): void {
    this.request.receiveTrailers(trailers);
  }

  /** What the upstream sends after a local reply, or after the end, goes nowhere. */
  responseHeaders(headers: HeaderMap, endOfStream: boolean): void {
    if (!this.#over && !this.#isAnswered) {
      this.#code = Number(headers.get(":status"));
      this.#codeDetails ??= "via_upstream";
      this.#endRequestIf(endOfStream);
      this.response.receiveHeaders(headers, endOfStream);
    }
  }

  responseBody(chunk: Uint8Array, endOfStream: boolean): void {
    if (!this.#over && !this.#isAnswered) {
      this.#endRequestIf(endOfStream);
      this.response.receiveBody(chunk, endOfStream);
    }
  }

  responseTrailers(trailers: HeaderMap): void {
    if (!this.#over && !this.#isAnswered) {
      this.#endRequestIf(true);
      this.response.receiveTrailers(trailers);
    }
  }

  get requestInlet(): MessageInlet {
    return {
      direction: this.request,
      headers: (headers, isEnd) => {
        this.requestHeaders(headers, isEnd);
      },
      body: (chunk, isEnd) => {
        this.requestBody(chunk, isEnd);
      },
      trailers: (trailers) => {
        this.requestTrailers(trailers);
      },
    };
  }

  get responseInlet(): MessageInlet {
    return {
      direction: this.response,
      headers: (headers, isEnd) => {
        this.responseHeaders(headers, isEnd);
      },
      body: (chunk, isEnd) => {
        this.responseBody(chunk, isEnd);
      },
      trailers: (trailers) => {
        this.responseTrailers(trailers);
      },
    };
  }

  /** Once a response is complete, whether the filter holds it or not, Envoy drops what comes of the request. */
  #endRequestIf(endOfResponse: boolean): void {
    if (endOfResponse) {
      this.request.abort();
    }
  }

  /** The client has left, the upstream's response broke off, the filter closes the stream, or the host itself ends. */
  reset(reason: Error): void {
    this.#end(reason);
  }

  /**
   * The upstream's connection breaks: the client is answered in its place while it has nothing of the response.
   *
   * @param reason - Envoy's "reset reason", when there is no response yet
   */
  upstreamReset(reason: string): void {
    if (this.response.headersPassed) {
      this.reset(new StreamResetError("the upstream's response broke off"));
      return;
    }
    const isBegun = this.response.headers !== undefined;
    const cause = isBegun ? "protocol error" : reason;
    const details = `upstream_reset_before_response_started{${cause.replaceAll(" ", "_")}}`;
    const body = textToBytes(upstreamFailureText(cause));
    this.localReply({ status: isBegun ? 502 : 503, body, headers: [], details });
  }

  /**
   * The module is broken: the stream is answered with 503, whatever the policy for new ones. (Envoy itself leaves a paused stream
   * waiting until its client goes away; a test is better off with an answer.)
   */
  fail(): void {
    this.localReply({ status: 503, body: new Uint8Array(), headers: [], details: "wasm_fail_stream" });
  }

  /** The filter holds more of a body than the host does. */
  #tooLarge({ kind, headersPassed }: Direction): void {
    if (kind === REQUEST) {
      const body = textToBytes("Payload Too Large");
      this.localReply({ status: 413, body, headers: [], details: "request_payload_too_large" });
    } else if (headersPassed) {
      this.#codeDetails = "response_payload_too_large";
      this.reset(new StreamResetError("the filter held more of the response's body than the buffer limit"));
    } else {
      const body = textToBytes("Internal Server Error");
      this.localReply({ status: 500, body, headers: [], details: "response_payload_too_large" });
    }
  }

  /**
   * Envoy's sendLocalReply: it takes the place of a response that has not begun, and is shown to the filter as one; it replaces
   * headers that the filter holds, and is not shown to it; and when headers have passed, the stream is reset.
   */
  localReply(reply: LocalReply): void {
    if (this.#over) {
      return;
    }
    this.request.abort();
    if (this.response.headersPassed) {
      this.#end(new StreamResetError("a local reply came after the headers of the response were sent"));
      return;
    }
    this.#isAnswered = true;
    this.#code = reply.status;
    this.#codeDetails = reply.details ?? "";
    const { headers, body } = makeLocalReply(reply, this.request.headers);
    const isEmpty = body.length === 0;
    if (this.response.headers === undefined && !this.response.aborted) {
      this.response.receiveHeaders(headers, isEmpty);
      if (!isEmpty) {
        this.response.receiveBody(body, true);
      }
      return;
    }
    this.response.abort();
    const downstream = this.#downstream();
    downstream.headers(headers, isEmpty);
    if (!isEmpty) {
      downstream.body(body, true);
    }
  }

  /** Envoy's router finds no route for a request whose x-forwarded-proto is gone. */
  #upstream(): MessageSink {
    const { upstream } = this.#ends;
    const length = new AnnouncedLength("request", this.#settings.warn);
    return {
      headers: (headers, isEnd) => {
        length.headers(headers, true);
        if (isEnd) {
          length.end();
        }
        if (this.#hasForwardedProto && !headers.has(FORWARDED_PROTO)) {
          this.localReply({ status: 404, body: new Uint8Array(), headers: [], details: "route_not_found" });
        } else {
          upstream.headers(headers, isEnd);
        }
      },
      body: (chunk, isEnd) => {
        length.body(chunk);
        if (isEnd) {
          length.end();
        }
        upstream.body(chunk, isEnd);
      },
      trailers: (trailers) => {
        length.end();
        upstream.trailers(trailers);
      },
    };
  }

  #downstream(): MessageSink {
    const { downstream } = this.#ends;
    const length = new AnnouncedLength("response", this.#settings.warn);
    return {
      headers: (headers, isEnd) => {
        this.#code = Number(headers.get(":status"));
        length.headers(headers, this.request.headers?.get(":method") !== "HEAD" && this.#code !== 304);
        if (isEnd) {
          length.end();
        }
        downstream.headers(new HeaderMap("response", headers), isEnd);
        // The filter may still see them, and an access logger does.
        headers.replaceAll(sentHeaders(headers, this.#settings.clock.now(), !this.request.isReceived));
        this.#sent = headers;
        this.#endIf(isEnd);
      },
      body: (chunk, isEnd) => {
        this.#bytesSent += chunk.length;
        length.body(chunk);
        if (isEnd) {
          length.end();
        }
        downstream.body(chunk, isEnd);
        this.#endIf(isEnd);
      },
      trailers: (trailers) => {
        length.end();
        downstream.trailers(trailers);
        this.#endIf(true);
      },
    };
  }

  #endIf(isEnd: boolean): void {
    if (isEnd) {
      this.#end(undefined);
    }
  }

  /** Envoy writes the access log before it destroys the filter. What proxy_on_done returns does not count for a stream. */
  #end(reset: Error | undefined): void {
    if (this.#over) {
      return;
    }
    this.#over = true;
    this.request.abort();
    this.response.abort();
    this.#duration = this.#settings.clock.now() - this.#startTime;
    // Later if the filter is at work: it is never entered twice.
    this.#vm.defer(() => {
      this.#isLogging = true;
      this.#vm.call("proxy_on_log", this.id);
      this.#isLogging = false;
      this.#vm.call("proxy_on_done", this.id);
      this.#vm.call("proxy_on_delete", this.id);
      this.#ends.ended(reset);
    });
  }

  get #loggedHeaders(): HeaderMap | undefined {
    return this.#sent ?? this.response.headers;
  }

  get isLogging(): boolean {
    return this.#isLogging;
  }

  map(type: MapType, access: "read" | "change"): HeaderMap | undefined {
    const direction = [this.request, this.response].find(
      ({ kind }) => kind.headersMap === type || kind.trailersMap === type,
    );
    if (direction === undefined) {
      return this.root.map(type, access);
    }
    const isHeaders = direction.kind.headersMap === type;
    if (!this.#isLogging || access === "change") {
      return isHeaders ? direction.visibleHeaders : direction.visibleTrailers(access);
    }
    // An access logger sees the headers of both directions, and the response's trailers.
    if (!isHeaders) {
      return direction === this.response ? direction.trailers : undefined;
    }
    return direction === this.response ? this.#loggedHeaders : direction.headers;
  }

  buffer(type: BufferType): BodyBuffer | undefined {
    if (type !== BufferType.HttpRequestBody && type !== BufferType.HttpResponseBody) {
      return this.root.buffer(type);
    }
    return (type === BufferType.HttpRequestBody ? this.request : this.response).body;
  }

  attribute(name: string): Attribute | undefined {
    const { request, response } = this;
    const info = {
      requestHeaders: request.visibleHeaders ?? (this.#isLogging ? request.headers : undefined),
      responseHeaders: response.visibleHeaders ?? (this.#isLogging ? this.#loggedHeaders : undefined),
      responseTrailers: response.visibleTrailers("read") ?? (this.#isLogging ? response.trailers : undefined),
      startTime: this.#startTime,
      duration: this.#duration,
      protocol: "HTTP/1.1",
      bytesReceived: this.#bytesReceived,
      bytesSent: this.#bytesSent,
      code: this.#code,
      codeDetails: this.#codeDetails,
      connectionId: this.#settings.connectionId,
      filterState: this.filterState,
    };
    return streamAttribute(name, info) ?? this.root.attribute(name);
  }

  continueStream(type: StreamType): Status {
    if (type !== StreamType.HttpRequest && type !== StreamType.HttpResponse) {
      return this.root.continueStream(type);
    }
    this.request.forget();
    this.#vm.defer(() => {
      (type === StreamType.HttpRequest ? this.request : this.response).continue();
    });
    return Status.Ok;
  }

  closeStream(type: StreamType): Status {
    if (type === StreamType.HttpRequest || type === StreamType.HttpResponse) {
      this.#codeDetails ??= "wasm_close_stream";
      this.#vm.defer(() => {
        this.reset(new StreamResetError("the filter closed the stream (proxy_close_stream)"));
      });
    }
    return Status.Ok;
  }

  sendLocalResponse(reply: LocalReply): Status {
    this.#vm.defer(() => {
      this.localReply(reply);
    });
    return Status.Ok;
  }

  clearRouteCache(): boolean {
    return true;
  }
}
