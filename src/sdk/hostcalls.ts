/**
 * The raw Proxy-Wasm ABI: host calls under their names in the specification, with typed arguments.
 *
 * A call means the host's current context: in a hook its stream, in `config` the plugin. Where a call takes a header map, an
 * {@link HttpHeaders} of a stream may stand for the map type; the call is then made for that stream, whoever has the turn.
 *
 * @module
 */

import { shim } from "./shim.ts";
import type { BodyInit, CallObject, GrpcReceiver, HeaderPairs, HeadersInit, RawGrpcStatus } from "./shim.ts";

export { Action, BufferType, LogLevel, MapType, MetricType, Status, StreamType } from "../abi/index.ts";
export type { BodyInit, GrpcReceiver, HeaderPairs, HeadersInit, RawGrpcStatus };

/** Writes a line to the host's log. Callable everywhere, at build time too. Spec: `proxy_log`. */
export const proxy_log = shim.proxy_log;

/**
 * Makes the host take the next calls for another context: its id, or a stream's request, response or headers.
 *
 * @throws HostError BadArgument: there is no such context. Spec: `proxy_set_effective_context`.
 */
export const proxy_set_effective_context = shim.proxy_set_effective_context;

/**
 * Bytes of a buffer, at most `maxSize` from `offset` on.
 *
 * @throws HostError when the buffer is not there in this phase. Spec: `proxy_get_buffer_bytes`.
 */
export const proxy_get_buffer_bytes = shim.proxy_get_buffer_bytes;

/**
 * All headers of a map, as pairs of byte strings in the host's order, repeated names included.
 *
 * @throws HostError when the map is not there in this phase. Spec: `proxy_get_header_map_pairs`.
 */
export const proxy_get_header_map_pairs = shim.proxy_get_header_map_pairs;

/** Replaces all headers of a map. Spec: `proxy_set_header_map_pairs`. */
export const proxy_set_header_map_pairs = shim.proxy_set_header_map_pairs;

/** The FIRST value of a header, or undefined: see `HttpHeaders.get` for all. Spec: `proxy_get_header_map_value`. */
export const proxy_get_header_map_value = shim.proxy_get_header_map_value;

/** Adds a value to a header, beside those that are there. Spec: `proxy_add_header_map_value`. */
export const proxy_add_header_map_value = shim.proxy_add_header_map_value;

/** Sets a header to one value. Spec: `proxy_replace_header_map_value`. */
export const proxy_replace_header_map_value = shim.proxy_replace_header_map_value;

/** Removes all values of a header. Spec: `proxy_remove_header_map_value`. */
export const proxy_remove_header_map_value = shim.proxy_remove_header_map_value;

/**
 * A property's bytes as the host encodes them, or undefined. `path` has a zero byte between its segments.
 * Spec: `proxy_get_property`.
 */
export const proxy_get_property = shim.proxy_get_property;

/**
 * Answers the current stream itself. In Envoy the answer is sent when the callback returns.
 *
 * @param grpcStatus - for a gRPC client; undefined for none. Spec: `proxy_send_local_response`.
 */
export const proxy_send_local_response = shim.proxy_send_local_response;

/**
 * Starts an HTTP call. The promise is settled by the host's `proxy_on_http_call_response`.
 *
 * `headers` must hold `:method`, `:path` and `:authority`. Spec: `proxy_http_call`.
 */
export function proxy_http_call(
  upstream: string,
  headers: HeadersInit,
  body: BodyInit | undefined,
  trailers: HeadersInit | undefined,
  timeoutMs: number,
): Promise<CallObject> {
  return http_call(upstream, undefined, undefined, undefined, headers, body, trailers, timeoutMs);
}

/** @internal The same, with the pseudo headers apart from the others. */
export const http_call = shim.http_call;

/**
 * Starts a gRPC call. The promise is settled by the host's `proxy_on_grpc_receive` with the answer's bytes, or by
 * `proxy_on_grpc_close` with a status, whose message is as the host tells it; it rejects only when there is no memory for that.
 *
 * A host that answers InternalFailure tells the reason later: the id is 0 then, and the promise settles with a status.
 *
 * @param upstream - in Envoy a serialized `envoy.config.core.v3.GrpcService`; one without a cluster crashes Envoy 1.40
 * @param message - a string is sent as UTF-8
 * @param timeoutMs - 0 for none
 * @throws HostError when the host refuses it for another reason
 * @throws TypeError when the metadata are wrong. Spec: `proxy_grpc_call`.
 */
export const proxy_grpc_call = shim.proxy_grpc_call;

/**
 * Opens a gRPC stream. The receiver is told what arrives, by `proxy_on_grpc_receive_initial_metadata`, `proxy_on_grpc_receive`,
 * `proxy_on_grpc_receive_trailing_metadata` and `proxy_on_grpc_close`, whose status message it gets, too. In Envoy the first
 * two kinds of these can come before the host call returns.
 *
 * @returns the stream's id; 0 when the host answers InternalFailure, and then `onClose` follows
 * @throws HostError when the host refuses it for another reason. Spec: `proxy_grpc_stream`, `proxy_get_status`.
 */
export const proxy_grpc_stream = shim.proxy_grpc_stream;

/**
 * Sends a message on a stream, the last one with `endOfStream`.
 *
 * @throws HostError NotFound: the stream has ended; the host is not asked then, as for the next two. Spec: `proxy_grpc_send`.
 */
export const proxy_grpc_send = shim.proxy_grpc_send;

/** Ends the filter's side of a stream; cancels a call. @throws HostError NotFound: it has ended. Spec: `proxy_grpc_close`. */
export const proxy_grpc_close = shim.proxy_grpc_close;

/**
 * Cancels a call or stream: the receiver is told nothing more, and a call settles with status 1.
 *
 * By its source, Envoy goes on with a stream, and with freed memory, when that is cancelled while Envoy hands over what has
 * arrived for it: by code which any method of its receiver has set going, but `onClose`. Cancel from a tick, as `GrpcStream` does.
 *
 * @throws HostError NotFound: it has ended. Spec: `proxy_grpc_cancel`.
 */
export const proxy_grpc_cancel = shim.proxy_grpc_cancel;

/** @internal Its receiver is told nothing more. */
export const forget_grpc_stream = shim.forget_grpc_stream;
/** @internal All streams that a plugin has. Not while one of them is told something: see proxy_grpc_cancel. */
export const cancel_grpc_streams = shim.cancel_grpc_streams;

/**
 * How often the host ticks for the current plugin, in milliseconds; 0 never. `setTimeout` and `every` set it, too.
 * Spec: `proxy_set_tick_period_milliseconds`.
 */
export const proxy_set_tick_period_milliseconds = shim.proxy_set_tick_period_milliseconds;

/** Lets a paused direction of the current stream go on, or that of a request or response. Spec: `proxy_continue_stream`. */
export const proxy_continue_stream = shim.proxy_continue_stream;

/** Resets the current stream, or that of a request, a response or a connection. Spec: `proxy_close_stream`. */
export const proxy_close_stream = shim.proxy_close_stream;

/**
 * Gives the current stream a property, which is its filter state `wasm.PATH`. See `setProperty`.
 *
 * @throws HostError NotFound outside a stream. Spec: `proxy_set_property`.
 */
export const proxy_set_property = shim.proxy_set_property;

/**
 * Calls a function that the host offers beyond the ABI. Undefined: it has no result.
 *
 * @throws HostError NotFound: the host has none of this name; or what the function itself answers.
 * Spec: `proxy_call_foreign_function`.
 */
export const proxy_call_foreign_function = shim.proxy_call_foreign_function;

/** A shared value and its cas number, or undefined. Callable everywhere. Spec: `proxy_get_shared_data`. */
export const proxy_get_shared_data = shim.proxy_get_shared_data;

/**
 * Writes a shared value; with a cas number only if the value that is there has just this one. A missing key is written with
 * any cas number.
 *
 * @returns false: the value that is there has another number (`CasMismatch`), and stays. Spec: `proxy_set_shared_data`.
 */
export const proxy_set_shared_data = shim.proxy_set_shared_data;

/**
 * Makes a queue, or finds it, and has `proxy_on_queue_ready` called in the current plugin for each of its items.
 *
 * @returns the queue's id. Spec: `proxy_register_shared_queue`.
 */
export const proxy_register_shared_queue = shim.proxy_register_shared_queue;

/** The id of a queue that somebody has registered, or undefined. Spec: `proxy_resolve_shared_queue`. */
export const proxy_resolve_shared_queue = shim.proxy_resolve_shared_queue;

/** Appends an item to a queue. @throws HostError NotFound: no such queue. Spec: `proxy_enqueue_shared_queue`. */
export const proxy_enqueue_shared_queue = shim.proxy_enqueue_shared_queue;

/**
 * Takes the first item of a queue, or undefined when it is empty.
 *
 * @throws HostError NotFound: no such queue. Spec: `proxy_dequeue_shared_queue`.
 */
export const proxy_dequeue_shared_queue = shim.proxy_dequeue_shared_queue;

/** Defines a metric, or finds it. @returns its id in this VM. Spec: `proxy_define_metric`. */
export const proxy_define_metric = shim.proxy_define_metric;

/**
 * Adds to a counter or a gauge.
 *
 * @throws HostError BadArgument: a histogram, or a counter by less than 1; NotFound: no such metric.
 * Spec: `proxy_increment_metric`.
 */
export const proxy_increment_metric = shim.proxy_increment_metric;

/** Sets a gauge, adds to a counter, records a value in a histogram. Spec: `proxy_record_metric`. */
export const proxy_record_metric = shim.proxy_record_metric;

/**
 * The value of a counter or a gauge, as a signed number; exact up to 2^53.
 *
 * @throws HostError BadArgument: a histogram; NotFound: no such metric. Spec: `proxy_get_metric`.
 */
export const proxy_get_metric = shim.proxy_get_metric;

/** The lowest level of lines that the host's log takes. Callable everywhere. Spec: `proxy_get_log_level`. */
export const proxy_get_log_level = shim.proxy_get_log_level;

/** The host's time in nanoseconds since 1970. `Date.now()` is the same in milliseconds. Spec: `proxy_get_current_time_nanoseconds`. */
export const proxy_get_current_time_nanoseconds = shim.proxy_get_current_time_nanoseconds;

/** Code and message of the gRPC call whose end the current callback tells. Spec: `proxy_get_status`. */
export const proxy_get_status = shim.proxy_get_status;

/** Ends a context that has told the host to wait for it in `proxy_on_done`. Spec: `proxy_done`. */
export const proxy_done = shim.proxy_done;

/**
 * How many bytes a buffer holds, and its flags.
 *
 * @throws HostError when the buffer is not there in this phase. Spec: `proxy_get_buffer_status`.
 */
export const proxy_get_buffer_status = shim.proxy_get_buffer_status;

/**
 * Replaces bytes of a buffer. Envoy replaces the whole buffer, prepends (offset and size 0) or appends (an offset at its end).
 *
 * @throws HostError BadArgument: for anything else; NotFound: the buffer is not there. Spec: `proxy_set_buffer_bytes`.
 */
export const proxy_set_buffer_bytes = shim.proxy_set_buffer_bytes;

/** How large a map is, in bytes. Spec: `proxy_get_header_map_size`. */
export const proxy_get_header_map_size = shim.proxy_get_header_map_size;

/** @internal A serialized map's pairs. */
export const decode_pairs = shim.decode_pairs;
/** @internal The VM's environment variables, each "NAME=value". */
export const get_environment = shim.get_environment;
/** @internal Overwrites bytes with random ones. */
export const fill_random = shim.fill_random;
/** @internal Milliseconds of a clock that only goes forwards. */
export const get_monotonic_time = shim.get_monotonic_time;
/** @internal Bytes of linear memory and of the heap. */
export const get_memory_usage = shim.get_memory_usage;
/** @internal */
export const log_trace = shim.log_trace;
/** @internal */
export const log_debug = shim.log_debug;
/** @internal */
export const log_info = shim.log_info;
/** @internal */
export const log_warn = shim.log_warn;
/** @internal */
export const log_error = shim.log_error;
/** @internal */
export const log_critical = shim.log_critical;
/** @internal */
export const get_plugin_id = shim.get_plugin_id;
/** @internal At the top level only: the module exports an event's callback when something handles it. */
export const handle = shim.handle;
/** @internal Not `shim.set_plugin_ready` at run time: what holds the shim object keeps all of its functions in the module. */
export const set_plugin_ready = shim.set_plugin_ready;

/** @internal */
export const step_aside = shim.step_aside;
/** @internal */
export const get_request = shim.get_request;
/** @internal */
export const get_call_headers = shim.get_call_headers;
/** @internal */
export const get_call_trailers = shim.get_call_trailers;
/** @internal */
export const get_call_bytes = shim.get_call_bytes;
/** @internal */
export const get_call_text = shim.get_call_text;
/** @internal */
export const decode_utf8 = shim.decode_utf8;
/** @internal */
export const encode_utf8 = shim.encode_utf8;
/** @internal `fetch` (fetch.ts), but for what is out of the ordinary. */
export const shim_fetch = shim.fetch;
/** @internal Whether an object has an iterator. Not by `Symbol.iterator`: what is named stays in the module. */
export const is_iterable = shim.is_iterable;
/** @internal An iterator of an array's items, as of its `values`. */
export const iterate = shim.iterate;
/** @internal */
export const kind_of = shim.kind_of;
/** @internal A string as JSON has it. */
export const quote = shim.quote;
/** @internal The root id of the current plugin. */
export const get_root_id = shim.get_root_id;
/** @internal */
export const hash = shim.hash;
/** @internal */
export const hmac = shim.hmac;
/** @internal */
export const timing_safe_equal = shim.timing_safe_equal;
/** @internal */
export const json_field = shim.json_field;
/** @internal */
export const parse_query = shim.parse_query;
/** @internal */
export const serialize_query = shim.serialize_query;
/** @internal */
export const percent_encode = shim.percent_encode;
