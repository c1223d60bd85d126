import type { Callback, HostCall } from "../src/abi/index.ts";

/** Where a host call or a callback of ABI 0.2.1 is in the SDK, and what shows that it works. */
export interface AbiRow {
  /** The SDK's function, method or hook. */
  readonly sdk: string;
  /** Tests by file and name, as vitest prints it; the beginning of a name is enough. */
  readonly tests: Readonly<Record<string, string>>;
}

const bodies = {
  "test/envoy/bodies.test.ts": "is given to the hook once, however it arrives, and may get another length",
  "test/wasm/sdk/bodies.test.ts": "is given to the hook once, however it arrives, and may get another length",
};
const parts = {
  "test/envoy/bodies.test.ts": "reaches its hook part by part",
  "test/wasm/sdk/bodies.test.ts": "reaches its hook part by part",
};
const trailers = {
  "test/envoy/bodies.test.ts": "of both directions are read and changed, after the body's hook",
  "test/wasm/sdk/bodies.test.ts": "of both directions are read and changed, after the body's hook",
};
const changed = {
  "test/envoy/headers.test.ts": "are set, added, removed; method and path as well",
  "test/wasm/sdk/headers.test.ts": "are set, added, removed; method and path as well",
};
const read = {
  "test/envoy/headers.test.ts": "are read with all their values, and without looking at the case",
  "test/wasm/sdk/headers.test.ts": "are read with all their values, and without looking at the case",
};
const network = {
  "test/envoy/plugins.test.ts": "rewrites both directions",
  "test/wasm/sdk/plugins.test.ts": "rewrites both directions, and sees the end",
};
const timers = {
  "test/envoy/plugins.test.ts": "timers run over the host's tick, again and again, once, or not at all",
  "test/wasm/sdk/plugins.test.ts": "timers follow the host's clock",
};
const calls = {
  "test/envoy/replies.test.ts":
    "calls have bodies, and answers trailers; they run side by side and one after the other",
  "test/wasm/sdk/replies.test.ts":
    "calls have bodies, and answers trailers; they run side by side and one after the other",
};
const plugins = {
  "test/envoy/plugins.test.ts": "share a VM, each with its filter and its configuration",
  "test/wasm/sdk/plugins.test.ts": "share a VM, each with its filter and its configuration",
};
const interleaved = {
  "test/envoy/interleaving.test.ts": "${STREAMS} streams, ${AT_ONCE} at once",
  "test/wasm/sdk/interleaving.test.ts": "streams whose calls end in any order keep to themselves",
};

export const HOST_CALL_ROWS: Readonly<Record<HostCall, AbiRow>> = {
  proxy_log: {
    sdk: "`log`, `console`",
    tests: {
      "test/envoy/jump.test.ts": "calls back-python before the request goes on",
      "src/filter/filter.test.ts":
        "it calls back-python with the same method, path and query, logs the answer, and the request goes on",
    },
  },
  proxy_get_log_level: {
    sdk: "`proxy_get_log_level`",
    tests: {
      "test/envoy/raw-calls.test.ts": "proxy_get_log_level",
      "test/wasm/sdk/raw-calls.test.ts": "proxy_get_log_level",
    },
  },
  proxy_get_current_time_nanoseconds: {
    sdk: "`proxy_get_current_time_nanoseconds`; `Date` uses WASI",
    tests: {
      "test/envoy/raw-calls.test.ts": "proxy_get_current_time_nanoseconds",
      "test/wasm/sdk/raw-calls.test.ts": "proxy_get_current_time_nanoseconds follows the host's clock",
    },
  },
  proxy_set_tick_period_milliseconds: { sdk: "`every`, `setTimeout`, `setInterval`", tests: timers },
  proxy_set_effective_context: { sdk: "every call of an object that belongs to a stream", tests: interleaved },
  proxy_done: {
    sdk: "`proxy_done`",
    tests: {
      "test/envoy/raw-calls.test.ts": "proxy_done and proxy_get_status out of their time",
      "test/wasm/sdk/raw-calls.test.ts": "proxy_done and proxy_get_status out of their time",
    },
  },
  proxy_get_buffer_bytes: { sdk: "`body.bytes`, `text`, `json`; a configuration; a call's answer", tests: bodies },
  proxy_set_buffer_bytes: { sdk: "`body.set`", tests: bodies },
  proxy_get_buffer_status: {
    sdk: "`proxy_get_buffer_status`",
    tests: {
      "test/envoy/raw-calls.test.ts": "buffers outside their phase",
      "test/wasm/sdk/raw-calls.test.ts": "buffers outside their phase",
    },
  },
  proxy_get_header_map_size: {
    sdk: "`proxy_get_header_map_size`",
    tests: {
      "test/envoy/raw-calls.test.ts": "proxy_get_header_map_size tells bytes",
      "test/wasm/sdk/raw-calls.test.ts": "proxy_get_header_map_size tells bytes",
    },
  },
  proxy_get_header_map_pairs: { sdk: "`headers.get`, `getAll`, `pick`, iteration", tests: read },
  proxy_set_header_map_pairs: {
    sdk: "`headers.replaceAll`",
    tests: {
      "test/envoy/headers.test.ts": "are replaced, all of them",
      "test/wasm/sdk/headers.test.ts": "are replaced, all of them",
    },
  },
  proxy_get_header_map_value: { sdk: "`headers.get` of a pseudo header, `request.path`", tests: read },
  proxy_add_header_map_value: { sdk: "`headers.append`", tests: changed },
  proxy_replace_header_map_value: { sdk: "`headers.set`", tests: changed },
  proxy_remove_header_map_value: { sdk: "`headers.delete`", tests: changed },
  proxy_continue_stream: { sdk: "a hook's promise that settles", tests: interleaved },
  proxy_close_stream: {
    sdk: "`request.close`, `response.close`, `connection.close`",
    tests: {
      "test/envoy/replies.test.ts": "a stream is closed without an answer",
      "test/wasm/sdk/replies.test.ts": "a stream is closed without an answer",
    },
  },
  proxy_send_local_response: {
    sdk: "a hook that returns a `Response`",
    tests: { "test/envoy/replies.test.ts": "a local reply", "test/wasm/sdk/replies.test.ts": "a local reply from %s" },
  },
  proxy_http_call: { sdk: "`fetch`", tests: calls },
  proxy_grpc_call: {
    sdk: "`grpcCall`",
    tests: {
      "test/envoy/grpc.test.ts": "is answered",
      "test/wasm/sdk/grpc.test.ts": "are answered, from hooks and from setup",
    },
  },
  proxy_grpc_stream: {
    sdk: "`grpcStream`",
    tests: {
      "test/envoy/grpc-streams.test.ts": "of a server has metadata, messages, metadata and a status",
      "test/wasm/sdk/grpc.test.ts": "have metadata, messages and a status",
    },
  },
  proxy_grpc_send: {
    sdk: "`stream.send`, `stream.end`",
    tests: {
      "test/envoy/grpc-streams.test.ts": "of a server has metadata, messages, metadata and a status",
      "test/wasm/sdk/grpc.test.ts": "have metadata, messages and a status",
    },
  },
  proxy_grpc_cancel: {
    sdk: "`signal` of a call, `stream.cancel`",
    tests: {
      "test/envoy/grpc.test.ts": "is cancelled by its signal",
      "test/wasm/sdk/grpc.test.ts": "are cancelled by the filter, after a tick",
    },
  },
  proxy_grpc_close: {
    sdk: "a stream that has ended on both sides",
    tests: {
      "test/envoy/grpc-streams.test.ts": "of a server has metadata, messages, metadata and a status",
      "test/wasm/sdk/grpc.test.ts": "are released by the filter when the server ends them",
    },
  },
  proxy_get_status: {
    sdk: "`GrpcError.details`",
    tests: {
      "test/envoy/raw-calls.test.ts": "proxy_done and proxy_get_status out of their time",
      "test/wasm/sdk/grpc.test.ts": "fail with the server's status, a reason, or a timeout",
    },
  },
  proxy_define_metric: {
    sdk: "`defineCounter`, `defineGauge`, `defineHistogram`",
    tests: {
      "test/envoy/metrics.test.ts": "a counter adds",
      "test/wasm/sdk/metrics.test.ts": "metrics are defined once, when they are first used",
    },
  },
  proxy_increment_metric: {
    sdk: "`increment`, `decrement`",
    tests: {
      "test/envoy/metrics.test.ts": "a gauge goes both ways",
      "test/wasm/sdk/metrics.test.ts": "metrics are defined once, when they are first used",
    },
  },
  proxy_record_metric: {
    sdk: "`record`",
    tests: {
      "test/envoy/metrics.test.ts": "a histogram has its values with the next flush",
      "test/wasm/sdk/metrics.test.ts": "metrics are defined once, when they are first used",
    },
  },
  proxy_get_metric: {
    sdk: "`value`",
    tests: {
      "test/envoy/metrics.test.ts": "a counter adds",
      "test/wasm/sdk/metrics.test.ts": "metrics are defined once, when they are first used",
    },
  },
  proxy_get_shared_data: {
    sdk: "`sharedData.get`",
    tests: {
      "test/envoy/shared-state.test.ts": "are read and written as text, bytes and JSON",
      "test/wasm/sdk/shared-state.test.ts": "shared data are those of all VMs of one id",
    },
  },
  proxy_set_shared_data: {
    sdk: "`sharedData.set`, `create`, `update`",
    tests: {
      "test/envoy/shared-state.test.ts":
        "a version writes what was read, or nothing; a missing key is written with any",
      "test/wasm/sdk/shared-state.test.ts": "shared data are those of all VMs of one id",
    },
  },
  proxy_register_shared_queue: {
    sdk: "`registerSharedQueue`",
    tests: {
      "test/envoy/shared-state.test.ts": "hold items in order, empty and binary ones too",
      "test/wasm/sdk/shared-state.test.ts":
        "a loop takes items from another VM, and after a new configuration its own new loop does",
    },
  },
  proxy_resolve_shared_queue: {
    sdk: "`resolveSharedQueue`",
    tests: {
      "test/envoy/shared-state.test.ts": "hold items in order, empty and binary ones too",
      "test/wasm/sdk/shared-state.test.ts":
        "a loop takes items from another VM, and after a new configuration its own new loop does",
    },
  },
  proxy_dequeue_shared_queue: {
    sdk: "`queue.dequeue`, `onItem`, iteration",
    tests: {
      "test/envoy/shared-state.test.ts": "hold items in order, empty and binary ones too",
      "test/wasm/sdk/shared-state.test.ts":
        "a loop takes items from another VM, and after a new configuration its own new loop does",
    },
  },
  proxy_enqueue_shared_queue: {
    sdk: "`queue.enqueue`",
    tests: {
      "test/envoy/shared-state.test.ts": "hold items in order, empty and binary ones too",
      "test/wasm/sdk/shared-state.test.ts":
        "a loop takes items from another VM, and after a new configuration its own new loop does",
    },
  },
  proxy_get_property: {
    sdk: "`getProperty`, `decodeProperty`",
    tests: {
      "test/envoy/properties.test.ts": "of a request have the types of their paths",
      "test/wasm/sdk/properties.test.ts": "properties that the host knows",
    },
  },
  proxy_set_property: {
    sdk: "`setProperty`",
    tests: {
      "test/envoy/properties.test.ts": "that a filter has set are read back under one name",
      "test/wasm/sdk/properties.test.ts": "a property that the filter sets",
    },
  },
  proxy_call_foreign_function: {
    sdk: "`callForeignFunction` and its wrappers",
    tests: {
      "test/envoy/properties.test.ts": "compress and uncompress",
      "test/wasm/sdk/properties.test.ts": "foreign functions, both ways",
    },
  },
};

export const CALLBACK_ROWS: Readonly<Record<Callback, AbiRow>> = {
  proxy_on_memory_allocate: { sdk: "the shim", tests: bodies },
  proxy_on_context_create: { sdk: "the shim", tests: interleaved },
  proxy_on_vm_start: {
    sdk: "`onVmStart`",
    tests: {
      "test/envoy/environment.test.ts": "is given the VM's configuration, before a plugin is set up",
      "test/wasm/sdk/environment.test.ts": "the VM's start sees its configuration and environment",
    },
  },
  proxy_on_configure: { sdk: "`config`, `setup`", tests: plugins },
  proxy_on_tick: { sdk: "`every`, `setTimeout`, `setInterval`", tests: timers },
  proxy_on_new_connection: { sdk: "`onNewConnection`", tests: network },
  proxy_on_downstream_data: { sdk: "`onDownstreamData`", tests: network },
  proxy_on_downstream_connection_close: { sdk: "`onDownstreamClose`", tests: network },
  proxy_on_upstream_data: { sdk: "`onUpstreamData`", tests: network },
  proxy_on_upstream_connection_close: { sdk: "`onUpstreamClose`", tests: network },
  proxy_on_request_headers: { sdk: "`onRequestHeaders`", tests: read },
  proxy_on_request_body: { sdk: "`onRequestBody`", tests: bodies },
  proxy_on_request_trailers: { sdk: "`onRequestTrailers`", tests: trailers },
  proxy_on_response_headers: {
    sdk: "`onResponseHeaders`",
    tests: {
      "test/envoy/headers.test.ts": "each byte of a value comes through unchanged, in both directions",
      "test/wasm/sdk/headers.test.ts": "each byte of a value comes through unchanged, in both directions",
    },
  },
  proxy_on_response_body: { sdk: "`onResponseBody`", tests: parts },
  proxy_on_response_trailers: { sdk: "`onResponseTrailers`", tests: trailers },
  proxy_on_http_call_response: { sdk: "`fetch`", tests: calls },
  proxy_on_grpc_receive_initial_metadata: {
    sdk: "`stream.initialMetadata`",
    tests: {
      "test/envoy/grpc-streams.test.ts": "of a server has metadata, messages, metadata and a status",
      "test/wasm/sdk/grpc.test.ts": "have metadata, messages and a status",
    },
  },
  proxy_on_grpc_receive: {
    sdk: "`grpcCall`, iteration of a stream",
    tests: {
      "test/envoy/grpc-streams.test.ts": "of a server has metadata, messages, metadata and a status",
      "test/wasm/sdk/grpc.test.ts": "have metadata, messages and a status",
    },
  },
  proxy_on_grpc_receive_trailing_metadata: {
    sdk: "`stream.trailingMetadata`",
    tests: {
      "test/envoy/grpc-streams.test.ts": "of a server has metadata, messages, metadata and a status",
      "test/wasm/sdk/grpc.test.ts": "have metadata, messages and a status",
    },
  },
  proxy_on_grpc_close: {
    sdk: "`GrpcError`, `stream.status`",
    tests: {
      "test/envoy/grpc-streams.test.ts": "of a server has metadata, messages, metadata and a status",
      "test/wasm/sdk/grpc.test.ts": "have metadata, messages and a status",
    },
  },
  proxy_on_queue_ready: {
    sdk: "`queue.onItem`, iteration",
    tests: {
      "test/envoy/shared-state.test.ts": "onItem is given what another VM sends, and what was there before",
      "test/wasm/sdk/shared-state.test.ts":
        "a loop takes items from another VM, and after a new configuration its own new loop does",
    },
  },
  proxy_on_foreign_function: {
    sdk: "`onForeignFunction`",
    tests: {
      "test/shim/cases.c": "test_vm_start_and_foreign_functions",
      "test/wasm/sdk/properties.test.ts": "foreign functions, both ways",
    },
  },
  proxy_on_log: {
    sdk: "`onLog`",
    tests: {
      "test/envoy/plugins.test.ts": "a module is an access logger",
      "test/wasm/host.test.ts": "the phases of a stream, and which headers are there in each, are Envoy's",
    },
  },
  proxy_on_done: { sdk: "`onDone`", tests: network },
  proxy_on_delete: { sdk: "the shim", tests: interleaved },
};
