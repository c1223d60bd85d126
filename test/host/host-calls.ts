/** What each host call does, as proxy-wasm-cpp-host (exports.cc) and Envoy (extensions/common/wasm/context.cc) do it. */

import { BufferType, LogLevel, MapType, Status, StreamType } from "../../src/abi/index.ts";
import { bytesToByteString, bytesToText, byteStringToBytes } from "./byte-string.ts";
import type { Context, RootContext } from "./context.ts";
import type { HeaderMap } from "./header-map.ts";
import type { HttpCalls } from "./http-calls.ts";
import type { HostCalls } from "./imports.ts";
import { logLevelName } from "./log.ts";
import type { Log } from "./log.ts";
import { decodePairs, encodePairs } from "./pairs.ts";
import type { HeaderPair } from "./pairs.ts";
import type { Vm } from "./vm.ts";
import { currentTime } from "./wasi.ts";

export interface HostCallTargets {
  readonly vm: Vm;
  readonly log: Log;
  readonly root: RootContext;
  readonly calls: HttpCalls;
  /** By id; the root context among them. */
  readonly contexts: ReadonlyMap<number, Context>;
}

/** The numbers that gRPC gives a meaning. */
const MAX_GRPC_STATUS = 16;

export function makeHostCalls({ vm, log, root, calls, contexts }: HostCallTargets): Partial<HostCalls> {
  const context = () => contexts.get(vm.contextId) ?? root;
  return {
    proxy_log({ log_level, message }) {
      const level = logLevelName(log_level);
      if (level === undefined) {
        return Status.BadArgument;
      }
      log.add(level, bytesToText(message));
      return Status.Ok;
    },
    // A test wants every line.
    proxy_get_log_level: () => ({ log_level: LogLevel.Trace }),
    proxy_get_current_time_nanoseconds: () => ({ time: currentTime() }),
    proxy_set_effective_context({ context_id }) {
      if (!contexts.has(context_id)) {
        return Status.BadArgument;
      }
      vm.setEffectiveContext(context_id);
      return Status.Ok;
    },
    // Only a context whose proxy_on_done returned false waits for this, and Envoy lets no stream wait.
    proxy_done: () => Status.NotFound,
    proxy_get_status: () => ({
      status_code: root.callStatus.code,
      message: byteStringToBytes(root.callStatus.message),
    }),
    proxy_get_property({ path }) {
      const value = context().property(bytesToByteString(path).replace(/\0$/, "").split("\0"));
      return value === undefined ? Status.NotFound : { value: byteStringToBytes(value) };
    },
    ...bufferCalls(context),
    ...headerCalls(context),
    ...streamCalls(context),
    proxy_http_call({ upstream_name, headers, body, trailers, timeout }) {
      const cluster = bytesToText(upstream_name);
      return calls.start({ cluster, headers: pairsOf(headers), body, trailers: pairsOf(trailers), timeout });
    },
  };
}

/** Envoy takes a list that contradicts itself for an empty one. */
function pairsOf(block: Uint8Array): HeaderPair[] {
  return decodePairs(block) ?? [];
}

function isOneOf<T extends number>(values: Readonly<Record<string, T>>, value: number): value is T {
  return Object.values(values).includes(value as T);
}

function bufferCalls(context: () => Context): Partial<HostCalls> {
  /** Runs `use` with a buffer. */
  function withBuffer<R>(type: number, use: (buffer: NonNullable<ReturnType<Context["buffer"]>>) => R): R | Status {
    if (!isOneOf(BufferType, type)) {
      return Status.BadArgument;
    }
    const buffer = context().buffer(type);
    return buffer === undefined ? Status.NotFound : use(buffer);
  }
  return {
    proxy_get_buffer_bytes({ buffer_type, offset, max_size }) {
      return withBuffer(buffer_type, ({ bytes }) =>
        // An empty part is Ok.
        offset + max_size > 0xffffffff ? Status.BadArgument : { value: bytes.slice(offset, offset + max_size) },
      );
    },
    proxy_get_buffer_status: ({ buffer_type }) =>
      withBuffer(buffer_type, ({ bytes }) => ({ length: bytes.length, flags: 0 })),
    proxy_set_buffer_bytes: ({ buffer_type, offset, size, value }) =>
      withBuffer(buffer_type, (buffer) => buffer.write(offset, size, value)),
  };
}

function headerCalls(context: () => Context): Partial<HostCalls> {
  function mapOf(type: number, access: "read" | "change"): HeaderMap | undefined {
    return isOneOf(MapType, type) ? context().map(type, access) : undefined;
  }
  /** Changes a map. */
  function change(type: number, apply: (map: HeaderMap) => void): Status {
    const map = mapOf(type, "change");
    if (map === undefined) {
      return Status.BadArgument;
    }
    apply(map);
    return Status.Ok;
  }
  return {
    proxy_get_header_map_size({ map_type }) {
      const map = mapOf(map_type, "read");
      return map === undefined ? Status.BadArgument : { size: map.byteSize };
    },
    // A map that is not there is an empty list here, and BadArgument everywhere else.
    proxy_get_header_map_pairs: ({ map_type }) =>
      isOneOf(MapType, map_type) ? { map: encodePairs(context().map(map_type, "read") ?? []) } : Status.BadArgument,
    proxy_get_header_map_value({ map_type, key }) {
      const map = mapOf(map_type, "read");
      if (map === undefined) {
        return Status.BadArgument;
      }
      const value = map.get(bytesToByteString(key));
      return value === undefined ? Status.NotFound : { value: byteStringToBytes(value) };
    },
    proxy_set_header_map_pairs: ({ map_type, map: block }) =>
      change(map_type, (map) => {
        map.replaceAll(pairsOf(block));
      }),
    proxy_add_header_map_value: ({ map_type, key, value }) =>
      change(map_type, (map) => {
        map.add(bytesToByteString(key), bytesToByteString(value));
      }),
    proxy_replace_header_map_value: ({ map_type, key, value }) =>
      change(map_type, (map) => {
        map.replace(bytesToByteString(key), bytesToByteString(value));
      }),
    proxy_remove_header_map_value: ({ map_type, key }) =>
      change(map_type, (map) => {
        map.remove(bytesToByteString(key));
      }),
  };
}

function streamCalls(context: () => Context): Partial<HostCalls> {
  return {
    proxy_continue_stream: ({ stream_type }) =>
      isOneOf(StreamType, stream_type) ? context().continueStream(stream_type) : Status.BadArgument,
    proxy_close_stream: ({ stream_type }) =>
      isOneOf(StreamType, stream_type) ? context().closeStream(stream_type) : Status.BadArgument,
    proxy_send_local_response: ({ status_code, body, serialized_headers, grpc_status }) =>
      context().sendLocalResponse({
        status: status_code,
        body,
        headers: pairsOf(serialized_headers),
        grpcStatus: grpc_status >= 0 && grpc_status <= MAX_GRPC_STATUS ? grpc_status : undefined,
      }),
  };
}
