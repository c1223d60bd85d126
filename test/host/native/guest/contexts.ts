/** Plugins and streams by the host's context ids, and the objects that stand for them: src/shim/contexts.c for Node. */

import { BufferType, MapType, Status, StreamType } from "../../../../src/abi/index.ts";
import { call } from "./memory.ts";
import { vm } from "./state.ts";
import type { BodyMode, Message, Part, Plugin, Stream } from "./state.ts";
import { streamEnded } from "./values.ts";

/** Makes the host take the next host calls for this context. */
export function useContext(id: number): boolean {
  if (vm.effectiveContext === id) {
    return true;
  }
  if (call("proxy_set_effective_context", id) !== Status.Ok) {
    return false;
  }
  vm.effectiveContext = id;
  return true;
}

export function createPlugin(id: number): Plugin {
  const plugin = { id, settingUp: false, tickPeriod: 0, tickBorrowed: false };
  vm.plugins.set(id, plugin);
  return plugin;
}

/** What tells the two directions of a stream apart. */
interface Direction {
  readonly streamType: number;
  readonly headers: number;
  readonly trailers: number;
  readonly body: number;
}

const HTTP: readonly [Direction, Direction] = [
  {
    streamType: StreamType.HttpRequest,
    headers: MapType.HttpRequestHeaders,
    trailers: MapType.HttpRequestTrailers,
    body: BufferType.HttpRequestBody,
  },
  {
    streamType: StreamType.HttpResponse,
    headers: MapType.HttpResponseHeaders,
    trailers: MapType.HttpResponseTrailers,
    body: BufferType.HttpResponseBody,
  },
];

const NETWORK: readonly [Direction, Direction] = [
  { streamType: StreamType.Downstream, headers: 0, trailers: 0, body: BufferType.DownstreamData },
  { streamType: StreamType.Upstream, headers: 0, trailers: 0, body: BufferType.UpstreamData },
];

function makeMessage(stream: Stream, isRequest: boolean, { streamType, headers, trailers, body }: Direction): Message {
  const part = (type: number): Part => ({ message, type });
  const message: Message = {
    stream,
    isRequest,
    streamType,
    get headers() {
      return parts.headers;
    },
    get trailers() {
      return parts.trailers;
    },
    get body() {
      return parts.body;
    },
    paused: undefined,
    action: 0,
    hook: "",
    arrived: 0,
    inCallback: false,
    bodyOpen: false,
    bodyEnded: false,
    bodyComplete: false,
    lengthGoes: false,
    replay: "none",
    bodySize: 0,
    bodyStart: 0,
    bodyEnd: 0,
  };
  const parts = { headers: part(headers), trailers: part(trailers), body: part(body) };
  return message;
}

export function newStream(id: number, plugin: Plugin): Stream {
  const [down, up] = plugin.filter?.network === true ? NETWORK : HTTP;
  const stream: Stream = {
    id,
    plugin,
    state: undefined,
    closed: false,
    get request() {
      return messages.request;
    },
    get response() {
      return messages.response;
    },
  };
  const messages = { request: makeMessage(stream, true, down), response: makeMessage(stream, false, up) };
  return stream;
}

export function bodyMode({ stream, isRequest }: Message): BodyMode {
  const mode = isRequest ? stream.plugin.filter?.requestBody : stream.plugin.filter?.responseBody;
  return mode ?? "whole";
}

/** What is behind an object of the SDK's classes; undefined once its stream has ended. */
const messages = new WeakMap<object, Message | undefined>();
const headerParts = new WeakMap<object, Part | undefined>();
const bodyParts = new WeakMap<object, Part | undefined>();

function find<T>(views: WeakMap<object, T | undefined>, view: unknown, what: string): T {
  if (typeof view !== "object" || view === null || !views.has(view)) {
    throw new TypeError(`not ${what}`);
  }
  const found = views.get(view);
  if (found === undefined) {
    throw streamEnded();
  }
  return found;
}

export function getMessage(view: unknown): Message {
  return find(messages, view, "a request, a response or a connection");
}

function enterStream(stream: Stream): void {
  if (!useContext(stream.id)) {
    throw streamEnded();
  }
}

/** Tells the host that the next calls are for this stream. */
export function enterMessage(view: unknown): Message {
  const message = getMessage(view);
  enterStream(message.stream);
  return message;
}

/** Each function for headers takes a map's number, an HttpHeaders, or an HttpRequest or HttpResponse. */
export function enterMap(map: unknown): number {
  if (typeof map !== "object" || map === null) {
    return Number(map) >>> 0;
  }
  if (messages.has(map)) {
    return enterMessage(map).headers.type;
  }
  const part = find(headerParts, map, "headers");
  enterStream(part.message.stream);
  return part.type;
}

export function enterBody(view: unknown): Message {
  const { message } = find(bodyParts, view, "a body");
  enterStream(message.stream);
  if (!message.bodyOpen) {
    throw new TypeError("the body is there in its own hook only, until that returns or its promise settles");
  }
  return message;
}

/** The object of a message. Both directions of a connection are one. */
export function messageView(message: Message): object {
  const { stream, streamType } = message;
  const isHttp = streamType === StreamType.HttpRequest || streamType === StreamType.HttpResponse;
  const owner = isHttp ? message : stream.request;
  if (owner.view === undefined) {
    const { requestPrototype, responsePrototype, connectionPrototype } = vm.sdk;
    const http = message.isRequest ? requestPrototype : responsePrototype;
    owner.view = Object.create(isHttp ? http : (connectionPrototype ?? null)) as object;
    messages.set(owner.view, owner);
  }
  return owner.view;
}

function partView(part: Part, views: WeakMap<object, Part | undefined>, prototype: object): object {
  if (part.view === undefined) {
    part.view = Object.create(prototype) as object;
    views.set(part.view, part);
  }
  return part.view;
}

export function headersView(part: Part): object {
  return partView(part, headerParts, vm.sdk.headersPrototype);
}

export function bodyView(part: Part): object {
  return partView(part, bodyParts, vm.sdk.bodyPrototype);
}

/** JavaScript may hold its objects longer; using them then throws. */
export function endMessage(message: Message): void {
  const { view, headers, trailers, body } = message;
  if (view !== undefined) {
    messages.set(view, undefined);
  }
  for (const part of [headers, trailers]) {
    if (part.view !== undefined) {
      headerParts.set(part.view, undefined);
    }
  }
  if (body.view !== undefined) {
    bodyParts.set(body.view, undefined);
  }
}
