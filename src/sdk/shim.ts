/**
 * The shim's functions, written in C (src/shim/hostcalls.c). They are there only while the bundle's top level runs, at build
 * time; hostcalls.ts and dispatcher.ts, which alone import this file, take what they need then.
 */

import type { BufferType, LogLevel, MapType, MetricType, StreamType } from "../abi/index.ts";

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

/** What the dispatcher gives to the shim. Hooks, `state` and the body options are read from each filter's definition. */
export interface Registration {
  filters: readonly { readonly definition: object; readonly network: boolean }[];
  /** All of them, as numbers: src/sdk/limits.ts. */
  limits: Readonly<Record<string, number>>;
  /** The plugin's context, its filter's number, and whether its setup goes on; undefined refuses the configuration. */
  configure: (configuration: string, pluginId: number) => readonly unknown[] | undefined;
  forgetPlugin: (pluginId: number) => void;
  /** Undefined when no filter has a setup. */
  waitForSetup: ((message: never, context: never, hook: never, definition: never) => unknown) | undefined;
  onResult: (message: never, value: unknown, hook: string) => void;
  onError: (message: never, error: unknown, hook: string, definition: never) => boolean;
  onUnhandledRejection: (reason: unknown) => void;
  /** Promise jobs of a plugin were dropped, with the reason: what waits for them waits in vain. */
  onJobsDropped: (pluginId: number, reason: unknown) => void;
  toPairs: (headers: never) => HeaderPairs;
  /** Of each plugin's context. Those that no code reads are taken out of this object at build time. */
  members: object;
  /** What `Shim.fetch` leaves to the SDK. */
  fetch: (path: string, init: never) => Promise<CallObject>;
  requestPrototype: object;
  responsePrototype: object;
  /** Undefined when no filter is one of connections. */
  connectionPrototype: object | undefined;
  headersPrototype: object;
  bodyPrototype: object;
  callResponsePrototype: object;
  HostError: unknown;
  Response: unknown;
  StreamEndedError: unknown;
  CallError: unknown;
}

/** The events of a plugin that a part of the SDK may want. */
export interface PluginEvents {
  /** False refuses to start. */
  vm_start: (configuration: string) => unknown;
  /** @param isEarly - the tick is the shim's own: timers that are not due yet wait on */
  tick: (pluginId: number, isEarly: boolean) => void;
  queue_ready: (pluginId: number, queueId: number) => void;
  foreign_function: (pluginId: number, functionId: number, argument: Uint8Array) => void;
  /** Limits were reached in a callback of the plugin: bits, see src/sdk/step-aside.ts. */
  limit_reached: (pluginId: number, reached: number) => void;
}

/** Status code and message of a gRPC call; undefined: the host has no message. */
export type RawGrpcStatus = readonly [code: number, message: string | undefined];

/** What is told of a gRPC stream. `onClose` is the last. */
export interface GrpcReceiver {
  /** Something could not be handed over, for lack of memory. Nothing but `onClose` comes after it. */
  onLost(): void;
  onInitialMetadata(metadata: [string, string][]): void;
  onMessage(message: Uint8Array): void;
  onTrailingMetadata(metadata: [string, string][]): void;
  onClose(code: number, message: string | undefined): void;
}

export interface Shim {
  register: (registration: Registration) => void;
  /** At the top level only: a module exports the callback of an event when something handles it. */
  handle: <Event extends keyof PluginEvents>(event: Event, handler: PluginEvents[Event]) => void;
  set_plugin_ready: (pluginId: number) => void;
  /** Streams of the plugin that begin within so many milliseconds are not given to the filter. */
  step_aside: (pluginId: number, ms: number, denies: boolean) => void;

  proxy_log: (level: LogLevel, message: string) => void;
  log_trace: (message: string) => void;
  log_debug: (message: string) => void;
  log_info: (message: string) => void;
  log_warn: (message: string) => void;
  log_error: (message: string) => void;
  log_critical: (message: string) => void;
  proxy_set_effective_context: (context: number | StreamObject) => void;
  proxy_get_buffer_bytes: (type: BufferType, offset: number, maxSize: number) => Uint8Array;
  proxy_get_header_map_pairs: (map: MapType | StreamObject) => [string, string][];
  proxy_set_header_map_pairs: (map: MapType | StreamObject, pairs: HeadersInit) => void;
  proxy_get_header_map_value: (map: MapType | StreamObject, name: string) => string | undefined;
  proxy_add_header_map_value: (map: MapType | StreamObject, name: string, value: string) => void;
  proxy_replace_header_map_value: (map: MapType | StreamObject, name: string, value: string) => void;
  proxy_remove_header_map_value: (map: MapType | StreamObject, name: string) => void;
  proxy_get_property: (path: string) => Uint8Array | undefined;
  proxy_set_tick_period_milliseconds: (period: number) => void;
  proxy_continue_stream: (stream: StreamType | StreamObject) => void;
  proxy_close_stream: (stream: StreamType | StreamObject) => void;
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

  proxy_grpc_call: (
    upstream: BodyInit,
    service: string,
    method: string,
    initialMetadata: HeadersInit | undefined,
    message: BodyInit | undefined,
    timeoutMs: number,
  ) => [callId: number, outcome: Promise<Uint8Array | RawGrpcStatus>];
  proxy_grpc_stream: (
    upstream: BodyInit,
    service: string,
    method: string,
    initialMetadata: HeadersInit | undefined,
    receiver: GrpcReceiver,
  ) => number;
  proxy_grpc_send: (streamId: number, message: BodyInit | undefined, endOfStream: boolean) => void;
  proxy_grpc_close: (callOrStreamId: number) => void;
  proxy_grpc_cancel: (callOrStreamId: number) => void;
  forget_grpc_stream: (streamId: number) => void;
  cancel_grpc_streams: (pluginId: number) => void;

  get_plugin_id: () => number;
  get_request: (message: StreamObject) => object;
  get_call_headers: (response: CallObject) => [string, string][];
  get_call_trailers: (response: CallObject) => [string, string][];
  get_call_bytes: (response: CallObject) => Uint8Array;
  get_call_text: (response: CallObject) => string;
  proxy_set_property: (path: string, value: BodyInit) => void;
  decode_pairs: (bytes: Uint8Array) => [string, string][];
  proxy_call_foreign_function: (name: string, argument: BodyInit | undefined) => Uint8Array | undefined;
  proxy_get_shared_data: (key: BodyInit) => [value: Uint8Array, cas: number] | undefined;
  proxy_set_shared_data: (key: BodyInit, value: BodyInit, cas?: number) => boolean;
  proxy_register_shared_queue: (name: BodyInit) => number;
  proxy_resolve_shared_queue: (vmId: BodyInit, name: BodyInit) => number | undefined;
  proxy_enqueue_shared_queue: (queueId: number, value: BodyInit) => void;
  proxy_dequeue_shared_queue: (queueId: number) => Uint8Array | undefined;
  proxy_define_metric: (type: MetricType, name: string) => number;
  proxy_increment_metric: (metricId: number, offset: number | bigint) => void;
  proxy_record_metric: (metricId: number, value: number | bigint) => void;
  proxy_get_metric: (metricId: number) => number;
  proxy_get_log_level: () => LogLevel;
  proxy_get_current_time_nanoseconds: () => bigint;
  proxy_get_status: () => [code: number, message: string];
  proxy_done: () => void;
  proxy_get_buffer_status: (type: BufferType) => [length: number, flags: number];
  proxy_set_buffer_bytes: (type: BufferType, offset: number, size: number, value: BodyInit) => void;
  proxy_get_header_map_size: (map: MapType | StreamObject) => number;
  get_environment: () => string[];
  fill_random: (bytes: Uint8Array) => void;
  get_monotonic_time: () => number;
  get_memory_usage: () => [linearBytes: number, heapBytes: number];
  decode_utf8: (bytes: string | Uint8Array | ArrayBuffer) => string;
  encode_utf8: (text: string) => Uint8Array;
  fetch: (path: string, init: never) => Promise<CallObject>;
  is_iterable: <T>(value: Iterable<T> | object) => value is Iterable<T>;
  iterate: <T>(items: readonly T[]) => ArrayIterator<T>;
  /** By its class, which no code can change: 1 Map, 2 Set, 3 Uint8Array, 0 any other. */
  kind_of: (value: object) => number;
  quote: (text: string) => string;
  get_root_id: () => string;

  hash: (algorithm: string, data: BodyInit) => Uint8Array;
  hmac: (algorithm: string, key: BodyInit, data: BodyInit) => Uint8Array;
  timing_safe_equal: (one: BodyInit, other: BodyInit) => boolean;
  json_field: (json: BodyInit, path: string | readonly (string | number)[]) => unknown;
  /** Name, value, name, value, ... */
  parse_query: (text: string) => string[];
  serialize_query: (list: readonly string[]) => string;
  /** Control characters, what is not ASCII, and these. */
  percent_encode: (text: string, characters: string) => string;
}

export const shim = (globalThis as unknown as { proxyWasmShim: Shim }).proxyWasmShim;
