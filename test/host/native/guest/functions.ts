/** The shim's functions for the SDK: src/shim/hostcalls.c for Node. */

import { LogLevel, Status } from "../../../../src/abi/index.ts";
import type { HostCall } from "../../../../src/abi/index.ts";
import type { Registration, Shim } from "../../../../src/sdk/shim.ts";
import { boundary } from "./boundary.ts";
import { getCallBytes, getCallHeaders, getCallText, getCallTrailers, httpCall } from "./calls.ts";
import { enterMap, enterMessage, getMessage, messageView, useContext } from "./contexts.ts";
import { setTickPeriod } from "./delayed.ts";
import { cancelGrpcStreams, forgetGrpcStream, grpcCall, grpcCancel, grpcClose, grpcSend, grpcStream } from "./grpc.ts";
import { data, hash, hmac, timingSafeEqual } from "./hash.ts";
import { changeHeader, getPairs, getValue, removeHeader, setPairs } from "./headers.ts";
import { jsonField, jsonPath } from "./json-field.ts";
import { allocate, call, callWasi, memorySize, OutBytes, OutU32, OutU64, readMemory } from "./memory.ts";
import { addMethods } from "./methods.ts";
import { listOf, parse, serialize } from "./pairs.ts";
import { parseQuery, percentEncode, serializeQuery } from "./query.ts";
import { vm } from "./state.ts";
import type { AnyFunction, BodyMode } from "./state.ts";
import { body, byteString, fromUtf8, hostError, outcome, uint32, utf8 } from "./values.ts";

function bodyModeOf(value: unknown): BodyMode {
  return value === "stream" || value === "rewrite" || value === "inspect" ? value : "whole";
}

function register(registration: Registration): void {
  vm.sdk = registration;
  vm.filters = registration.filters.map(({ definition, network }) => {
    const options = definition as Readonly<Record<string, unknown>>;
    return {
      definition: options,
      network,
      requestBody: network ? "stream" : bodyModeOf(options["requestBody"]),
      responseBody: network ? "stream" : bodyModeOf(options["responseBody"]),
    };
  });
  addMethods();
}

function writeLevel(level: number): (message: unknown) => void {
  return (message) => {
    outcome("proxy_log", call("proxy_log", level, body(message)));
  };
}

function setEffectiveContext(context: unknown): void {
  if (typeof context === "object" && context !== null) {
    enterMessage(context);
  } else if (!useContext(uint32(context))) {
    throw hostError("proxy_set_effective_context", Status.BadArgument);
  }
}

/** A call that has bytes for an answer; undefined for a status that means that there is none. */
function bytesFrom(name: HostCall, none: Status | undefined, ...inputs: (number | Uint8Array)[]) {
  const out = new OutBytes();
  const status = call(name, ...inputs, out);
  if (status === none) {
    return undefined;
  }
  outcome(name, status);
  return out.bytes;
}

function numberFrom(name: HostCall, none: Status | undefined, ...inputs: (number | Uint8Array)[]) {
  const out = new OutU32();
  const status = call(name, ...inputs, out);
  if (status === none) {
    return undefined;
  }
  outcome(name, status);
  return out.value;
}

function streamTypeOf(stream: unknown): number {
  return typeof stream === "object" && stream !== null ? enterMessage(stream).streamType : uint32(stream);
}

function sendLocalResponse(status: unknown, details: unknown, text: unknown, headers: unknown, grpc: unknown): void {
  const code = uint32(status);
  const grpcStatus = grpc === undefined ? -1 : Number(grpc) | 0;
  const parts = [body(details), body(text), serialize(listOf(headers))];
  outcome("proxy_send_local_response", call("proxy_send_local_response", code, ...parts, grpcStatus));
}

function environment(): string[] {
  const [count, size] = [new OutU32(), new OutU32()];
  checkWasi("environ_sizes_get", callWasi("environ_sizes_get", count, size));
  const [list, text] = [allocate(4 * count.value), allocate(size.value)];
  checkWasi("environ_get", callWasi("environ_get", list, text));
  return fromUtf8(readMemory(text, size.value)).split("\0").slice(0, count.value);
}

function checkWasi(name: string, error: number): void {
  if (vm.building) {
    throw hostError(name, Status.Unimplemented);
  }
  if (error !== 0) {
    throw new Error(`${name}: the host refused it (WASI errno ${error})`);
  }
}

function fillRandom(bytes: Uint8Array): void {
  const at = allocate(bytes.byteLength);
  if (bytes.byteLength > 0) {
    checkWasi("random_get", callWasi("random_get", at, bytes.byteLength));
  }
  new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength).set(readMemory(at, bytes.byteLength));
}

/** In nanoseconds. @param clock - 0: since 1970; 1: one that only goes forwards */
export function time(clock: 0 | 1): bigint {
  const out = new OutU64();
  callWasi("clock_time_get", clock, 1n, out);
  return out.value;
}

export const functions: Record<keyof Shim, (...parameters: never[]) => unknown> = {
  register,
  handle: (event: string, handler: AnyFunction) => {
    vm.handlers[event] = handler;
  },
  set_plugin_ready: (id: number) => {
    const plugin = vm.plugins.get(id);
    if (plugin !== undefined) {
      plugin.settingUp = false;
    }
  },
  // Nothing that native mode watches is a limit of time, heap or stack.
  step_aside: () => undefined,
  get_plugin_id: () => vm.pluginId,

  proxy_log: (level: unknown, message: unknown) => {
    writeLevel(uint32(level))(message);
  },
  log_trace: writeLevel(LogLevel.Trace),
  log_debug: writeLevel(LogLevel.Debug),
  log_info: writeLevel(LogLevel.Info),
  log_warn: writeLevel(LogLevel.Warn),
  log_error: writeLevel(LogLevel.Error),
  log_critical: writeLevel(LogLevel.Critical),
  proxy_set_effective_context: setEffectiveContext,
  proxy_get_buffer_bytes: (type: unknown, offset: unknown, size: unknown) =>
    bytesFrom("proxy_get_buffer_bytes", undefined, uint32(type), uint32(offset), uint32(size)),
  proxy_get_header_map_pairs: (map: unknown) => getPairs(enterMap(map)),
  proxy_set_header_map_pairs: setPairs,
  proxy_get_header_map_value: getValue,
  proxy_add_header_map_value: (map: unknown, name: unknown, value: unknown) => {
    changeHeader("proxy_add_header_map_value", map, name, value);
  },
  proxy_replace_header_map_value: (map: unknown, name: unknown, value: unknown) => {
    changeHeader("proxy_replace_header_map_value", map, name, value);
  },
  proxy_remove_header_map_value: removeHeader,
  proxy_get_property: (path: unknown) => bytesFrom("proxy_get_property", Status.NotFound, body(path)),
  proxy_set_property: (path: unknown, value: unknown) => {
    outcome("proxy_set_property", call("proxy_set_property", body(path), body(value)));
  },
  proxy_set_tick_period_milliseconds: (period: unknown) => {
    outcome("proxy_set_tick_period_milliseconds", setTickPeriod(uint32(period)));
  },
  proxy_continue_stream: (stream: unknown) => {
    outcome("proxy_continue_stream", call("proxy_continue_stream", streamTypeOf(stream)));
  },
  proxy_close_stream: (stream: unknown) => {
    const type = streamTypeOf(stream);
    const own =
      typeof stream === "object" && stream !== null ? getMessage(stream).stream : vm.streams.get(vm.effectiveContext);
    if (own?.closed === true) {
      return; // Envoy 1.40 crashes when it is told twice
    }
    const status = call("proxy_close_stream", type);
    if (own !== undefined) {
      own.closed = true;
    }
    outcome("proxy_close_stream", status);
  },
  proxy_send_local_response: sendLocalResponse,
  http_call: httpCall,
  proxy_grpc_call: grpcCall,
  proxy_grpc_stream: grpcStream,
  proxy_grpc_send: grpcSend,
  proxy_grpc_close: grpcClose,
  proxy_grpc_cancel: grpcCancel,
  forget_grpc_stream: forgetGrpcStream,
  cancel_grpc_streams: cancelGrpcStreams,

  get_request: (view: unknown) => messageView(getMessage(view).stream.request),
  get_call_headers: getCallHeaders,
  get_call_trailers: getCallTrailers,
  get_call_bytes: getCallBytes,
  get_call_text: getCallText,
  decode_pairs: (bytes: unknown) => {
    try {
      return parse(body(bytes));
    } catch {
      throw new TypeError("not a serialized map");
    }
  },

  proxy_call_foreign_function: (name: unknown, argument: unknown) => {
    const out = new OutBytes();
    outcome("proxy_call_foreign_function", call("proxy_call_foreign_function", body(name), body(argument), out));
    return out.value;
  },
  proxy_get_shared_data: (key: unknown) => {
    const [value, cas] = [new OutBytes(), new OutU32()];
    const status = call("proxy_get_shared_data", body(key), value, cas);
    if (status === Status.NotFound) {
      return undefined;
    }
    outcome("proxy_get_shared_data", status);
    return [value.bytes, cas.value];
  },
  proxy_set_shared_data: (key: unknown, value: unknown, cas: unknown) => {
    const status = call("proxy_set_shared_data", body(key), body(value), cas === undefined ? 0 : uint32(cas));
    if (status !== Status.CasMismatch) {
      outcome("proxy_set_shared_data", status);
    }
    return status === Status.Ok;
  },
  proxy_register_shared_queue: (name: unknown) => numberFrom("proxy_register_shared_queue", undefined, body(name)),
  proxy_resolve_shared_queue: (vmId: unknown, name: unknown) =>
    numberFrom("proxy_resolve_shared_queue", Status.NotFound, body(vmId), body(name)),
  proxy_enqueue_shared_queue: (id: unknown, value: unknown) => {
    outcome("proxy_enqueue_shared_queue", call("proxy_enqueue_shared_queue", uint32(id), body(value)));
  },
  proxy_dequeue_shared_queue: (id: unknown) => bytesFrom("proxy_dequeue_shared_queue", Status.Empty, uint32(id)),
  proxy_define_metric: (type: unknown, name: unknown) =>
    numberFrom("proxy_define_metric", undefined, uint32(type), body(name)),
  proxy_increment_metric: (id: unknown, offset: number | bigint) => {
    outcome("proxy_increment_metric", call("proxy_increment_metric", uint32(id), int64(offset)));
  },
  proxy_record_metric: (id: unknown, value: number | bigint) => {
    outcome("proxy_record_metric", call("proxy_record_metric", uint32(id), int64(value)));
  },
  proxy_get_metric: (id: unknown) => {
    const out = new OutU64();
    outcome("proxy_get_metric", call("proxy_get_metric", uint32(id), out));
    return Number(BigInt.asIntN(64, out.value));
  },
  proxy_get_log_level: () => numberFrom("proxy_get_log_level", undefined),
  proxy_get_current_time_nanoseconds: () => {
    const out = new OutU64();
    outcome("proxy_get_current_time_nanoseconds", call("proxy_get_current_time_nanoseconds", out));
    return out.value;
  },
  proxy_get_status: () => {
    const [code, message] = [new OutU32(), new OutBytes()];
    outcome("proxy_get_status", call("proxy_get_status", code, message));
    return [code.value, fromUtf8(message.bytes)];
  },
  proxy_done: () => {
    outcome("proxy_done", call("proxy_done"));
  },
  proxy_get_buffer_status: (type: unknown) => {
    const [length, flags] = [new OutU32(), new OutU32()];
    outcome("proxy_get_buffer_status", call("proxy_get_buffer_status", uint32(type), length, flags));
    return [length.value, flags.value];
  },
  proxy_set_buffer_bytes: (type: unknown, offset: unknown, size: unknown, value: unknown) => {
    const numbers = [uint32(type), uint32(offset), uint32(size)];
    outcome("proxy_set_buffer_bytes", call("proxy_set_buffer_bytes", ...numbers, body(value)));
  },
  proxy_get_header_map_size: (map: unknown) => numberFrom("proxy_get_header_map_size", undefined, enterMap(map)),
  get_environment: environment,
  fill_random: fillRandom,
  get_monotonic_time: () => Number(time(1)) / 1e6,
  get_memory_usage: () => [memorySize(), boundary.heapSize()],
  decode_utf8: (bytes: unknown) => fromUtf8(typeof bytes === "object" ? body(bytes) : byteString(bytes)),
  encode_utf8: (text: unknown) => (typeof text === "string" ? utf8(text) : body(text)),
  fetch: (path: string, init: never) => vm.sdk.fetch(path, init),
  is_iterable: (value: object) => Symbol.iterator in value,
  iterate: (items: readonly unknown[]) => items.values(),
  kind_of: (value: object) => {
    const kinds = ["[object Map]", "[object Set]", "[object Uint8Array]"];
    return kinds.indexOf(Object.prototype.toString.call(value)) + 1;
  },
  quote: (text: string) => JSON.stringify(text),
  get_root_id: () => {
    const out = new OutBytes();
    return call("proxy_get_property", body("plugin_root_id"), out) === Status.Ok ? fromUtf8(out.bytes) : "";
  },
  hash,
  hmac,
  timing_safe_equal: timingSafeEqual,
  json_field: (json: unknown, path: unknown) => {
    const names = jsonPath(path); // before the bytes: it can run code
    return jsonField(typeof json === "string" ? json : data(json, "jsonField: the JSON"), names);
  },
  parse_query: parseQuery,
  serialize_query: serializeQuery,
  percent_encode: percentEncode,
};

function int64(value: number | bigint): bigint {
  return BigInt.asIntN(64, typeof value === "bigint" ? value : BigInt(Math.trunc(value)));
}
