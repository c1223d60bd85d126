/**
 * The filter of test/differential: the header x-script says what each hook of its stream does, and everything that it gets from
 * the host is logged.
 */

import {
  clearRouteCache,
  decodeProperty,
  defineCounter,
  defineFilter,
  definePlugins,
  defineGauge,
  defineHistogram,
  fetch,
  FetchError,
  getProperty,
  HostError,
  log,
  Response,
  setProperty,
  sharedData,
} from "proxy-wasm-ts";
import type { BodyMode, HttpHeaders, HttpRequest, HttpResponse } from "proxy-wasm-ts";
import {
  proxy_add_header_map_value,
  proxy_close_stream,
  proxy_continue_stream,
  proxy_done,
  proxy_get_buffer_bytes,
  proxy_get_buffer_status,
  proxy_get_header_map_pairs,
  proxy_get_header_map_size,
  proxy_get_header_map_value,
  proxy_get_status,
  proxy_remove_header_map_value,
  proxy_replace_header_map_value,
  proxy_send_local_response,
  proxy_set_buffer_bytes,
} from "proxy-wasm-ts/hostcalls";
import type { BufferType, MapType, StreamType } from "proxy-wasm-ts/hostcalls";

type Pairs = readonly (readonly [string, string])[];

/** A call that a script makes. */
export interface ScriptedCall {
  readonly cluster: string;
  readonly path: string;
  readonly method?: string;
  readonly headers?: Pairs;
  readonly body?: string;
  readonly trailers?: Pairs;
  readonly timeoutMs?: number;
}

export interface ScriptedReply {
  readonly status: number;
  readonly headers?: Pairs;
  readonly body?: string;
  readonly grpcStatus?: number;
  readonly details?: string;
}

/** What a hook does at once. What fails is logged. */
type PlainAction =
  | readonly ["log", string]
  | readonly ["get" | "getAll" | "has" | "delete", name: string]
  | readonly ["set" | "append", name: string, value: string]
  | readonly ["headers"]
  | readonly ["replaceHeaders", Pairs]
  | readonly ["path" | "method", string]
  | readonly ["status", number]
  | readonly ["trailers"]
  | readonly ["setTrailer" | "appendTrailer", name: string, value: string]
  | readonly ["deleteTrailer", name: string]
  | readonly ["body"]
  | readonly ["bytes", offset: number, length: number]
  | readonly ["setBody" | "appendToBody", string]
  | readonly ["close"]
  | readonly ["property", path: string, kind: "string" | "integer" | "bytes"]
  | readonly ["setProperty", path: string, value: string]
  | readonly ["share", key: string, value: string]
  | readonly ["count", by: number]
  | readonly ["clearRouteCache"]
  | readonly ["raw", call: RawCall, ...given: readonly (number | string)[]];

/** What takes time, or ends the hook, as `reply`, `throw`, and a `callOrThrow` that fails. */
type ControlAction =
  | readonly ["call" | "callOrThrow" | "start", ScriptedCall]
  | readonly ["calls", readonly ScriptedCall[]]
  | readonly ["timer", milliseconds: number]
  | readonly ["reply", ScriptedReply]
  | readonly ["throw", string];

/** One thing that a hook does. */
export type ScriptedAction = PlainAction | ControlAction;

const CONTROL = ["call", "callOrThrow", "start", "calls", "timer", "reply", "throw"];

function isControl(action: ScriptedAction): action is ControlAction {
  return CONTROL.includes(action[0]);
}

export const HOOKS = [
  ...(["onRequestHeaders", "onRequestBody", "onRequestTrailers"] as const),
  ...(["onResponseHeaders", "onResponseBody", "onResponseTrailers", "onLog", "onDone"] as const),
] as const;
export type HookName = (typeof HOOKS)[number];

/** What each hook does when it is called for the first time, the second time, ... Nothing else later. */
export type Script = Readonly<Partial<Record<HookName, readonly (readonly ScriptedAction[])[]>>>;

interface State {
  script: Script;
  readonly calls: Partial<Record<HookName, number>>;
}

type Message = HttpRequest<State> | HttpResponse<State>;

const counter = defineCounter("scripted_total");
const gauge = defineGauge("scripted_open");
const histogram = defineHistogram("scripted_size");

const RAW = {
  size: (map: number) => proxy_get_header_map_size(map as MapType),
  pairs: (map: number) => shown(proxy_get_header_map_pairs(map as MapType)),
  value: (map: number, name: string) => proxy_get_header_map_value(map as MapType, name),
  add: (map: number, name: string, value: string) => {
    proxy_add_header_map_value(map as MapType, name, value);
  },
  replace: (map: number, name: string, value: string) => {
    proxy_replace_header_map_value(map as MapType, name, value);
  },
  remove: (map: number, name: string) => {
    proxy_remove_header_map_value(map as MapType, name);
  },
  bufferStatus: (type: number) => proxy_get_buffer_status(type as BufferType),
  bufferBytes: (type: number, offset: number, size: number) => [
    ...proxy_get_buffer_bytes(type as BufferType, offset, size),
  ],
  setBuffer: (type: number, offset: number, size: number, value: string) => {
    proxy_set_buffer_bytes(type as BufferType, offset, size, value);
  },
  continue: (type: number) => {
    proxy_continue_stream(type as StreamType);
  },
  close: (type: number) => {
    proxy_close_stream(type as StreamType);
  },
  reply: (status: number, body: string) => {
    proxy_send_local_response(status, "raw", body, [["x-raw", "reply"]], undefined);
  },
  status: () => proxy_get_status(),
  done: () => {
    proxy_done();
  },
} as const;
export type RawCall = keyof typeof RAW;

/** They differ from run to run, or are the script itself. */
const NOT_SHOWN = ["date", "x-envoy-upstream-service-time", "x-script"];

function shown(pairs: Iterable<readonly [string, string]>): Pairs {
  return [...pairs].filter(([name]) => !NOT_SHOWN.includes(name));
}

/** Without x-forwarded-proto Envoy finds no route. */
const KEPT = ["x-forwarded-proto", "x-id", "x-script"];

function show(what: string, value: unknown): void {
  log.info(`${what}: ${value === undefined ? "undefined" : JSON.stringify(value)}`);
}

function describe(error: unknown): string {
  if (error instanceof HostError) {
    return `${error.call} ${error.status}`;
  }
  return error instanceof FetchError ? `FetchError ${error.reason}` : String(error);
}

async function call({ path, ...init }: ScriptedCall): Promise<unknown> {
  const answer = await fetch(path, init);
  return [answer.status, shown(answer.headers), answer.text(), [...answer.trailers]];
}

function headerAction(headers: HttpHeaders, [op, name, value = ""]: readonly [string, string, string?]): unknown {
  switch (op) {
    case "get":
      return headers.get(name);
    case "getAll":
      return headers.getAll(name);
    case "has":
      return headers.has(name);
    case "delete":
    case "deleteTrailer":
      headers.delete(name);
      return "done";
    case "set":
    case "setTrailer":
      headers.set(name, value);
      return "done";
    default:
      headers.append(name, value);
      return "done";
  }
}

/** What an action that needs no time gives. */
function act(message: Message, action: PlainAction): unknown {
  const { headers } = message;
  switch (action[0]) {
    case "log":
      return action[1];
    case "get":
    case "getAll":
    case "has":
    case "delete":
    case "set":
    case "append":
      return headerAction(headers, action);
    case "setTrailer":
    case "appendTrailer":
    case "deleteTrailer":
      return headerAction(message.trailers, action);
    case "headers":
      return shown(headers);
    case "replaceHeaders":
      headers.replaceAll([
        ...[...headers].filter(([name]) => name.startsWith(":") || KEPT.includes(name)),
        ...action[1],
      ]);
      return "done";
    case "path":
      (message as HttpRequest).path = action[1];
      return "done";
    case "method":
      (message as HttpRequest).method = action[1];
      return "done";
    case "status":
      (message as HttpResponse).status = action[1];
      return "done";
    case "trailers":
      return [...message.trailers];
    case "body": {
      const { body } = message;
      return [body.size, body.ended, body.size > 200 ? "long" : body.text()];
    }
    case "bytes":
      return [...message.body.bytes(action[1], action[2])];
    case "setBody":
      message.body.set(action[1]);
      return message.body.size;
    case "appendToBody":
      message.body.set(message.body.text() + action[1]);
      return message.body.size;
    case "close":
      message.close();
      return "done";
    case "property": {
      const bytes = getProperty([...action[1].split(".")], message);
      if (action[2] === "bytes") {
        return bytes === undefined ? undefined : [...bytes];
      }
      const value: unknown = decodeProperty(bytes, action[2] as "string");
      return typeof value === "bigint" ? String(value) : value;
    }
    case "setProperty":
      setProperty(action[1], action[2], message);
      return "done";
    case "share": {
      const before = sharedData.get(action[1]);
      sharedData.set(action[1], action[2]);
      return before === undefined ? "none" : before.bytes.length;
    }
    case "count":
      counter.increment(Math.abs(action[1]));
      if (action[1] < 0) {
        gauge.decrement();
      } else {
        gauge.increment();
      }
      histogram.record(Math.abs(action[1]));
      return [counter.value, gauge.value];
    case "clearRouteCache":
      clearRouteCache(message as HttpRequest);
      return "done";
    case "raw":
      return (RAW[action[1]] as (...given: readonly unknown[]) => unknown)(...action.slice(2)) ?? "done";
  }
}

function perform(message: Message, action: PlainAction): void {
  const name = action[0] === "raw" ? action[1] : action[0];
  try {
    show(name, act(message, action));
  } catch (error) {
    show(name, describe(error));
  }
}

type Outcome = Response | undefined | Promise<Response | undefined>;

/** Runs actions until one ends the hook; at once until one takes time. */
function run(message: Message, actions: readonly ScriptedAction[]): Outcome {
  for (const [index, action] of actions.entries()) {
    if (!isControl(action)) {
      perform(message, action);
      continue;
    }
    const [op, given] = action;
    const goOn = (): Outcome => run(message, actions.slice(index + 1));
    switch (op) {
      case "reply": {
        const { body = "", headers = [], ...init } = given;
        return new Response(body, { ...init, headers });
      }
      case "throw":
        throw new Error(given);
      case "timer":
        return new Promise((resolve) => {
          setTimeout(() => {
            log.info("timer");
            resolve(undefined);
          }, given);
        }).then(goOn);
      case "start":
        void call(given).then(
          (answer) => {
            show("started call", answer);
          },
          (error: unknown) => {
            show("started call", describe(error));
          },
        );
        break;
      case "callOrThrow":
        return call(given).then((answer) => {
          show("call", answer);
          return goOn();
        });
      case "call":
      case "calls": {
        const answers = "path" in given ? call(given) : Promise.all(given.map(call));
        return answers.catch(describe).then((answer) => {
          show(op, answer);
          return goOn();
        });
      }
    }
  }
  return undefined;
}

function hook(message: Message, name: HookName): Outcome {
  const { script, calls } = message.state;
  const count = calls[name] ?? 0;
  calls[name] = count + 1;
  return run(message, script[name]?.[count] ?? []);
}

function scripted(requestBody: BodyMode, responseBody: BodyMode, onError: "fail" | "continue") {
  return defineFilter({
    state: (): State => ({ script: {}, calls: {} }),
    requestBody,
    responseBody,
    onError,
    onRequestHeaders(request) {
      const text = request.headers.get("x-script");
      if (text !== null) {
        request.state.script = JSON.parse(text) as Script;
      }
      return hook(request, "onRequestHeaders");
    },
    onRequestBody: (request) => hook(request, "onRequestBody"),
    onRequestTrailers: (request) => hook(request, "onRequestTrailers"),
    onResponseHeaders: (response) => hook(response, "onResponseHeaders"),
    onResponseBody: (response) => hook(response, "onResponseBody"),
    onResponseTrailers: (response) => hook(response, "onResponseTrailers"),
    onLog: (response) => void hook(response, "onLog"),
    onDone: (response) => void hook(response, "onDone"),
  });
}

export default definePlugins({
  whole: scripted("whole", "whole", "fail"),
  rewrite: scripted("rewrite", "rewrite", "fail"),
  stream: scripted("stream", "stream", "fail"),
  tolerant: scripted("stream", "rewrite", "continue"),
});
