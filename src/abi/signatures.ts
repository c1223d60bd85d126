/**
 * The functions of Proxy-Wasm ABI 0.2.1: what the host offers (`HOST_CALLS`) and what a module may export (`CALLBACKS`).
 * The C header of the shim is generated from these tables (build/engine/header.ts).
 */

/**
 * How a parameter travels. `bytes` is a pointer and a size; `out_bytes` is where the host writes a pointer to memory that
 * it asked the module to allocate, and where it writes the size; `out_*` is where the host writes a number.
 */
export type ParamKind = "u32" | "i32" | "u64" | "i64" | "bytes" | "out_bytes" | "out_u32" | "out_u64";

/** Name and kind of each parameter, in order. */
export type Params = Readonly<Record<string, ParamKind>>;

/** Host calls, imported from the module `env`. Each returns a `Status`. */
export const HOST_CALLS = {
  proxy_log: { log_level: "u32", message: "bytes" },
  proxy_get_log_level: { log_level: "out_u32" },
  proxy_get_current_time_nanoseconds: { time: "out_u64" },
  proxy_set_tick_period_milliseconds: { tick_period: "u32" },
  proxy_set_effective_context: { context_id: "u32" },
  proxy_done: {},
  proxy_get_buffer_bytes: { buffer_type: "u32", offset: "u32", max_size: "u32", value: "out_bytes" },
  proxy_set_buffer_bytes: { buffer_type: "u32", offset: "u32", size: "u32", value: "bytes" },
  proxy_get_buffer_status: { buffer_type: "u32", length: "out_u32", flags: "out_u32" },
  proxy_get_header_map_size: { map_type: "u32", size: "out_u32" },
  proxy_get_header_map_pairs: { map_type: "u32", map: "out_bytes" },
  proxy_set_header_map_pairs: { map_type: "u32", map: "bytes" },
  proxy_get_header_map_value: { map_type: "u32", key: "bytes", value: "out_bytes" },
  proxy_add_header_map_value: { map_type: "u32", key: "bytes", value: "bytes" },
  proxy_replace_header_map_value: { map_type: "u32", key: "bytes", value: "bytes" },
  proxy_remove_header_map_value: { map_type: "u32", key: "bytes" },
  proxy_continue_stream: { stream_type: "u32" },
  proxy_close_stream: { stream_type: "u32" },
  proxy_send_local_response: {
    status_code: "u32",
    status_code_details: "bytes",
    body: "bytes",
    serialized_headers: "bytes",
    grpc_status: "i32",
  },
  proxy_http_call: {
    upstream_name: "bytes",
    headers: "bytes",
    body: "bytes",
    trailers: "bytes",
    timeout: "u32",
    call_id: "out_u32",
  },
  proxy_grpc_call: {
    upstream_name: "bytes",
    service_name: "bytes",
    method_name: "bytes",
    initial_metadata: "bytes",
    message: "bytes",
    timeout: "u32",
    call_id: "out_u32",
  },
  proxy_grpc_stream: {
    upstream_name: "bytes",
    service_name: "bytes",
    method_name: "bytes",
    initial_metadata: "bytes",
    stream_id: "out_u32",
  },
  proxy_grpc_send: { stream_id: "u32", message: "bytes", end_of_stream: "u32" },
  proxy_grpc_cancel: { call_or_stream_id: "u32" },
  proxy_grpc_close: { call_or_stream_id: "u32" },
  proxy_get_status: { status_code: "out_u32", message: "out_bytes" },
  proxy_define_metric: { metric_type: "u32", name: "bytes", metric_id: "out_u32" },
  proxy_increment_metric: { metric_id: "u32", offset: "i64" },
  proxy_record_metric: { metric_id: "u32", value: "u64" },
  proxy_get_metric: { metric_id: "u32", value: "out_u64" },
  proxy_get_shared_data: { key: "bytes", value: "out_bytes", cas: "out_u32" },
  proxy_set_shared_data: { key: "bytes", value: "bytes", cas: "u32" },
  proxy_register_shared_queue: { name: "bytes", queue_id: "out_u32" },
  proxy_resolve_shared_queue: { vm_id: "bytes", name: "bytes", queue_id: "out_u32" },
  proxy_dequeue_shared_queue: { queue_id: "u32", value: "out_bytes" },
  proxy_enqueue_shared_queue: { queue_id: "u32", value: "bytes" },
  proxy_get_property: { path: "bytes", value: "out_bytes" },
  proxy_set_property: { path: "bytes", value: "bytes" },
  proxy_call_foreign_function: { name: "bytes", arguments: "bytes", results: "out_bytes" },
} as const satisfies Readonly<Record<string, Params>>;

export type HostCall = keyof typeof HOST_CALLS;

/** A callback's parameters, all of them 32-bit numbers, and whether it returns one. */
export interface CallbackSignature {
  readonly params: readonly string[];
  readonly returns: boolean;
}

/** Callbacks that a module may export. A host calls only the ones that are there. */
export const CALLBACKS = {
  proxy_on_memory_allocate: { params: ["size"], returns: true },
  proxy_on_context_create: { params: ["context_id", "parent_context_id"], returns: false },
  proxy_on_vm_start: { params: ["plugin_context_id", "vm_configuration_size"], returns: true },
  proxy_on_configure: { params: ["plugin_context_id", "plugin_configuration_size"], returns: true },
  proxy_on_tick: { params: ["plugin_context_id"], returns: false },
  proxy_on_new_connection: { params: ["stream_context_id"], returns: true },
  proxy_on_downstream_data: { params: ["stream_context_id", "data_size", "end_of_stream"], returns: true },
  proxy_on_downstream_connection_close: { params: ["stream_context_id", "peer_type"], returns: false },
  proxy_on_upstream_data: { params: ["stream_context_id", "data_size", "end_of_stream"], returns: true },
  proxy_on_upstream_connection_close: { params: ["stream_context_id", "peer_type"], returns: false },
  proxy_on_request_headers: { params: ["stream_context_id", "num_headers", "end_of_stream"], returns: true },
  proxy_on_request_body: { params: ["stream_context_id", "body_size", "end_of_stream"], returns: true },
  proxy_on_request_trailers: { params: ["stream_context_id", "num_trailers"], returns: true },
  proxy_on_response_headers: { params: ["stream_context_id", "num_headers", "end_of_stream"], returns: true },
  proxy_on_response_body: { params: ["stream_context_id", "body_size", "end_of_stream"], returns: true },
  proxy_on_response_trailers: { params: ["stream_context_id", "num_trailers"], returns: true },
  proxy_on_http_call_response: {
    params: ["plugin_context_id", "call_id", "num_headers", "body_size", "num_trailers"],
    returns: false,
  },
  proxy_on_grpc_receive_initial_metadata: { params: ["plugin_context_id", "call_id", "num_elements"], returns: false },
  proxy_on_grpc_receive: { params: ["plugin_context_id", "call_id", "message_size"], returns: false },
  proxy_on_grpc_receive_trailing_metadata: { params: ["plugin_context_id", "call_id", "num_elements"], returns: false },
  proxy_on_grpc_close: { params: ["plugin_context_id", "call_id", "status_code"], returns: false },
  proxy_on_queue_ready: { params: ["plugin_context_id", "queue_id"], returns: false },
  proxy_on_foreign_function: { params: ["plugin_context_id", "function_id", "arguments_size"], returns: false },
  proxy_on_log: { params: ["context_id"], returns: false },
  proxy_on_done: { params: ["context_id"], returns: true },
  proxy_on_delete: { params: ["context_id"], returns: false },
} as const satisfies Readonly<Record<string, CallbackSignature>>;

export type Callback = keyof typeof CALLBACKS;

/** The export that tells a host which ABI the module speaks. */
export const ABI_VERSION_EXPORT = "proxy_abi_version_0_2_1";

/** WASI preview 1 functions that Envoy offers to a module (proxy-wasm-cpp-host, `exports.h`). */
export const WASI_CALLS = [
  "args_get",
  "args_sizes_get",
  "clock_time_get",
  "environ_get",
  "environ_sizes_get",
  "fd_close",
  "fd_fdstat_get",
  "fd_read",
  "fd_seek",
  "fd_write",
  "proc_exit",
  "random_get",
] as const;
