/**
 * The shim's functions, written in C (src/shim/hostcalls.c). They are there only while the bundle's top level runs, at build
 * time; hostcalls.ts and dispatcher.ts, which alone import this file, take what they need then.
 */

import type { BufferType, LogLevel, MapType } from "../abi/index.ts";

/** An object that the shim made and that belongs to one stream: a request, a response or their headers. */
export type StreamObject = object;

/** The answer to a call, made by the shim. */
export type CallObject = object;

/** A header list: names and values as byte strings. */
export type HeaderPairs = readonly (readonly [string, string])[];

/** What an array of pairs is made of: the array itself, another iterable of pairs, or a record. */
export type HeadersInit = Iterable<readonly [string, string]> | Readonly<Record<string, string>>;

/** Bytes, or text that travels as UTF-8. */
export type BodyInit = string | Uint8Array | ArrayBuffer;

/** What the dispatcher gives to the shim; undefined is a hook that the filter does not have. */
export interface Registration {
  filter: object;
  configure: (configuration: string, pluginId: number) => object | undefined;
  createState: (() => unknown) | undefined;
  onRequestHeaders: unknown;
  onResponseHeaders: unknown;
  onLog: unknown;
  onDone: unknown;
  onResult: (message: never, value: unknown) => void;
  onError: (message: never, error: unknown, hook: string) => boolean;
  onUnhandledRejection: (reason: unknown) => void;
  toPairs: (headers: never) => HeaderPairs;
  requestPrototype: object;
  responsePrototype: object;
  headersPrototype: object;
  callResponsePrototype: object;
  HostError: unknown;
  StreamEndedError: unknown;
  CallError: unknown;
}

export interface Shim {
  register: (registration: Registration) => void;

  proxy_log: (level: LogLevel, message: string) => void;
  proxy_set_effective_context: (context: number | StreamObject) => void;
  proxy_get_buffer_bytes: (type: BufferType, offset: number, maxSize: number) => Uint8Array;
  proxy_get_header_map_pairs: (map: MapType | StreamObject) => [string, string][];
  proxy_set_header_map_pairs: (map: MapType | StreamObject, pairs: HeadersInit) => void;
  proxy_get_header_map_value: (map: MapType | StreamObject, name: string) => string | undefined;
  proxy_add_header_map_value: (map: MapType | StreamObject, name: string, value: string) => void;
  proxy_replace_header_map_value: (map: MapType | StreamObject, name: string, value: string) => void;
  proxy_remove_header_map_value: (map: MapType | StreamObject, name: string) => void;
  proxy_get_property: (path: string) => Uint8Array | undefined;
  proxy_send_local_response: (
    statusCode: number,
    details: string,
    body: BodyInit | undefined,
    headers: HeadersInit | undefined,
    grpcStatus: number | undefined,
  ) => void;
  http_call: (
    upstream: string,
    method: string | undefined,
    path: string | undefined,
    authority: string | undefined,
    headers: HeadersInit | undefined,
    body: BodyInit | undefined,
    trailers: HeadersInit | undefined,
    timeoutMs: number,
  ) => Promise<CallObject>;

  get_header: (map: StreamObject, name: string) => string | undefined;
  pick_headers: (map: StreamObject, patterns: readonly string[]) => [string, string][];
  get_headers: (message: StreamObject) => object;
  get_request: (message: StreamObject) => object;
  get_context_id: (message: StreamObject) => number;
  get_state: (message: StreamObject) => unknown;
  get_call_status: (response: CallObject) => number;
  get_call_headers: (response: CallObject) => [string, string][];
  get_call_bytes: (response: CallObject) => Uint8Array;
  get_call_text: (response: CallObject) => string;
  decode_utf8: (bytes: string | Uint8Array | ArrayBuffer) => string;
  encode_utf8: (text: string) => Uint8Array;
}

export const shim = (globalThis as unknown as { proxyWasmShim: Shim }).proxyWasmShim;
