import { Action, BufferType, MapType, Status, StreamType } from "../../src/abi/index.ts";
import { BodyBuffer } from "./body-buffer.ts";
import type { Context, RootContext } from "./context.ts";
import type { Sender } from "./endpoint.ts";
import { StreamResetError } from "./errors.ts";
import { exchange } from "./exchange.ts";
import type { HeaderMap } from "./header-map.ts";
import type { HttpMessage } from "./http-message.ts";
import { makeLocalReply } from "./local-reply.ts";
import type { LocalReply } from "./local-reply.ts";
import type { Vm } from "./vm.ts";

/** What the filter can reach of a message in the phase that it is in. */
interface View {
  headers?: HeaderMap | undefined;
  body?: BodyBuffer | undefined;
  trailers?: HeaderMap | undefined;
}

interface Views {
  readonly request: View;
  readonly response: View;
}

const REQUEST = {
  type: StreamType.HttpRequest,
  onHeaders: "proxy_on_request_headers",
  onBody: "proxy_on_request_body",
  onTrailers: "proxy_on_request_trailers",
} as const;

const RESPONSE = {
  type: StreamType.HttpResponse,
  onHeaders: "proxy_on_response_headers",
  onBody: "proxy_on_response_body",
  onTrailers: "proxy_on_response_trailers",
} as const;

/**
 * One request on its way through the filter to the upstream, and the response on its way back.
 *
 * What the filter asks for in a callback happens after that callback. Where the stream waits, for the filter or for the
 * upstream, a local reply, a reset and the end of the module end the wait.
 */
export class HttpStream implements Context {
  readonly id: number;
  readonly #vm: Vm;
  readonly #root: RootContext;
  readonly #request: HttpMessage;
  #response: HttpMessage | undefined;
  readonly #views: Views = { request: {}, response: {} };
  #isLogging = false;
  #continued: StreamType | undefined;
  #localReply: HttpMessage | undefined;
  #resetReason: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(id: number, vm: Vm, root: RootContext, request: HttpMessage) {
    this.id = id;
    this.#vm = vm;
    this.#root = root;
    this.#request = request;
  }

  /** @throws (rejects) the reason of a reset */
  async run(upstream: Sender): Promise<HttpMessage> {
    if (this.#vm.failed) {
      return this.#failureReply();
    }
    this.#vm.call("proxy_on_context_create", this.id, this.#root.id);
    try {
      this.#response =
        (await this.#pass(REQUEST, this.#views.request, this.#request)) ?? (await this.#forward(upstream));
      // A local reply, too, is shown to the filter; what happens from here on is another one, which the filter does not see.
      this.#clearLocalReply();
      this.#response = (await this.#pass(RESPONSE, this.#views.response, this.#response)) ?? this.#response;
      return this.#response;
    } finally {
      this.#end();
    }
  }

  #clearLocalReply(): void {
    if (!this.#vm.failed) {
      this.#localReply = undefined;
    }
  }

  /** The client has left, or the host closes. */
  reset(reason: Error): void {
    this.#resetReason ??= reason;
    this.#wake();
  }

  /**
   * The module is broken: the stream is answered with 503, Envoy's default. (Envoy itself leaves a paused stream waiting until
   * its client goes away; a test is better off with an answer.)
   */
  fail(): void {
    this.#localReply = this.#failureReply();
    this.#wake();
  }

  #failureReply(): HttpMessage {
    return makeLocalReply({ status: 503, body: new Uint8Array(), headers: [] }, this.#request.headers);
  }

  /** Shows a message to the filter, part by part. Returns the local reply that takes its place, if there is one. */
  async #pass(
    { type, onHeaders, onBody, onTrailers }: typeof REQUEST | typeof RESPONSE,
    view: View,
    message: HttpMessage,
  ): Promise<HttpMessage | undefined> {
    const { headers, trailers } = message;
    const hasBody = message.body.length > 0;
    view.headers = headers;
    const isEnd = Number(!hasBody && trailers === undefined);
    const paused = await this.#step(type, () => this.#vm.call(onHeaders, this.id, headers.size, isEnd));
    if (!paused) {
      view.headers = undefined;
    }
    if (hasBody && this.#localReply === undefined) {
      const body = new BodyBuffer(message.body, true);
      view.body = body;
      await this.#step(type, () => this.#vm.call(onBody, this.id, body.bytes.length, Number(trailers === undefined)));
      view.body = undefined;
      message.body = body.bytes;
    }
    if (trailers !== undefined && this.#localReply === undefined) {
      view.trailers = trailers;
      await this.#step(type, () => this.#vm.call(onTrailers, this.id, trailers.size));
      view.trailers = undefined;
    }
    return this.#localReply;
  }

  /** Runs a callback, and waits if it pauses the stream. True: it did; a local reply counts as that. */
  async #step(type: StreamType, call: () => number | undefined): Promise<boolean> {
    this.#continued = undefined;
    const action = call() ?? Action.Continue;
    const goesOn = action === Action.Continue && this.#localReply === undefined;
    await this.#until(() => goesOn || this.#continued === type);
    return !goesOn;
  }

  async #forward(upstream: Sender): Promise<HttpMessage> {
    const abort = new AbortController();
    let response: HttpMessage | undefined;
    exchange(upstream, this.#request, 0, abort.signal).then(
      (answer) => {
        response = answer;
        if (answer === undefined) {
          this.reset(new StreamResetError("the upstream's response broke off"));
        }
        this.#wake();
      },
      () => undefined, // aborted below
    );
    try {
      await this.#until(() => response !== undefined);
    } finally {
      abort.abort();
    }
    const reply = this.#localReply ?? response;
    if (reply === undefined) {
      throw new Error("the stream went on without a response");
    }
    return reply;
  }

  async #until(done: () => boolean): Promise<void> {
    while (this.#resetReason === undefined && this.#localReply === undefined && !done()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#resetReason !== undefined) {
      throw this.#resetReason;
    }
  }

  /** Envoy writes the access log before it destroys the filter. */
  #end(): void {
    this.#isLogging = true;
    this.#vm.call("proxy_on_log", this.id);
    this.#isLogging = false;
    this.#vm.call("proxy_on_done", this.id);
    this.#vm.call("proxy_on_delete", this.id);
  }

  map(type: MapType, access: "read" | "change"): HeaderMap | undefined {
    const views = this.#isLogging && access === "read" ? this.#loggedViews() : this.#views;
    const maps = new Map<MapType, HeaderMap | undefined>([
      [MapType.HttpRequestHeaders, views.request.headers],
      [MapType.HttpRequestTrailers, views.request.trailers],
      [MapType.HttpResponseHeaders, views.response.headers],
      [MapType.HttpResponseTrailers, views.response.trailers],
    ]);
    return maps.has(type) ? maps.get(type) : this.#root.map(type);
  }

  buffer(type: BufferType): BodyBuffer | undefined {
    if (type !== BufferType.HttpRequestBody && type !== BufferType.HttpResponseBody) {
      return this.#root.buffer(type);
    }
    const { request, response } = this.#views;
    const body = type === BufferType.HttpRequestBody ? request.body : response.body;
    return body ?? new BodyBuffer(new Uint8Array(), false); // Envoy has these at all times, empty
  }

  /** An access logger sees all headers of both directions. */
  #loggedViews(): Views {
    const { headers, trailers } = this.#response ?? {};
    return { request: { headers: this.#request.headers }, response: { headers, trailers } };
  }

  property(path: readonly string[]): string | undefined {
    const { headers } = this.#request;
    switch (path.join(".")) {
      case "request.path":
        return headers.get(":path");
      case "request.method":
        return headers.get(":method");
      case "request.host":
        return headers.get(":authority");
      default:
        return this.#root.property(path);
    }
  }

  continueStream(type: StreamType): Status {
    if (type !== StreamType.HttpRequest && type !== StreamType.HttpResponse) {
      return Status.BadArgument;
    }
    // Whichever direction goes on, Envoy forgets the request's parts (Context::continueStream).
    this.#views.request.headers = this.#views.request.trailers = this.#views.request.body = undefined;
    this.#continued = type;
    this.#wake();
    return Status.Ok;
  }

  closeStream(): Status {
    this.reset(new StreamResetError("the filter closed the stream (proxy_close_stream)"));
    return Status.Ok;
  }

  sendLocalResponse(reply: LocalReply): Status {
    this.#localReply ??= makeLocalReply(reply, this.#request.headers);
    this.#wake();
    return Status.Ok;
  }
}
