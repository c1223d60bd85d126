/** What each host call does, as proxy-wasm-cpp-host (exports.cc) and Envoy (extensions/common/wasm/context.cc) do it. */

import { BufferType, LogLevel, MapType, Status, StreamType } from "../../src/abi/index.ts";
import { bytesToByteString, bytesToText, byteStringToBytes } from "./byte-string.ts";
import type { Context } from "./context.ts";
import { foreignCalls } from "./foreign.ts";
import { grpcCalls } from "./grpc-calls.ts";
import type { HeaderMap } from "./header-map.ts";
import { httpCalls } from "./http-calls.ts";
import type { HostCalls, Refusal } from "./imports.ts";
import { logLevelName } from "./log.ts";
import type { Machine } from "./machine.ts";
import { metricCalls } from "./metrics.ts";
import { encodePairs, pairsOf } from "./pairs.ts";
import { propertyCalls } from "./properties.ts";
import { sharedDataCalls } from "./shared-data.ts";
import { sharedQueueCalls } from "./shared-queue.ts";
import { tickCalls } from "./ticks.ts";
import type { Vm } from "./vm.ts";

/** The numbers that gRPC gives a meaning. */
const MAX_GRPC_STATUS = 16;

export function makeHostCalls(machine: Machine): HostCalls {
  const { settings } = machine;
  const context = () => machine.context;
  return {
    ...generalCalls(machine),
    ...bufferCalls(context),
    ...headerCalls(context),
    ...streamCalls(context, machine.vm),
    ...propertyCalls(context, settings.properties),
    ...tickCalls(machine.ticks, context),
    ...metricCalls(machine.metrics),
    ...sharedDataCalls(settings.shared.data, settings.vmId),
    ...sharedQueueCalls(settings.shared.queues, settings.vmId, context, (rootId, queueId) => {
      machine.queueReady(rootId, queueId);
    }),
    ...foreignCalls(machine.foreign, context),
    ...httpCalls((of) => machine.pluginOf(of).calls, context),
    ...grpcCalls((of) => machine.pluginOf(of).grpc, context),
  };
}

/** Types, levels and missing buffers are seen before pointers. */
export function makeRefusal(machine: Machine): Refusal {
  return ({ log_level, map_type, buffer_type }) => {
    const isWrong = (value: unknown, values: Readonly<Record<string, number>>) =>
      typeof value === "number" && !isOneOf(values, value);
    if (isWrong(log_level, LogLevel) || isWrong(map_type, MapType) || isWrong(buffer_type, BufferType)) {
      return Status.BadArgument;
    }
    const isMissing = buffer_type !== undefined && machine.context.buffer(buffer_type as BufferType) === undefined;
    return isMissing ? Status.NotFound : undefined;
  };
}

function generalCalls(
  machine: Machine,
): Pick<
  HostCalls,
  | "proxy_log"
  | "proxy_get_log_level"
  | "proxy_get_current_time_nanoseconds"
  | "proxy_set_effective_context"
  | "proxy_done"
  | "proxy_get_status"
> {
  return {
    proxy_log({ log_level, message }) {
      const level = logLevelName(log_level);
      if (level === undefined) {
        return Status.BadArgument;
      }
      machine.log.add(level, bytesToText(message));
      return Status.Ok;
    },
    // A test wants every line.
    proxy_get_log_level: () => ({ log_level: LogLevel.Trace }),
    proxy_get_current_time_nanoseconds: () => ({ time: machine.settings.clock.now() }),
    proxy_set_effective_context({ context_id }) {
      // 0 is the VM's own context, and no effective one at the same time.
      if (context_id !== 0 && !machine.has(context_id)) {
        return Status.BadArgument;
      }
      machine.vm.setEffectiveContext(context_id);
      return Status.Ok;
    },
    // Only a root context whose proxy_on_done returned false waits for this; Envoy lets no stream wait.
    proxy_done: () => machine.done(machine.context),
    proxy_get_status() {
      const { code, message } = machine.context.root.callStatus;
      return { status_code: code, message: byteStringToBytes(message) };
    },
  };
}

function isOneOf<T extends number>(values: Readonly<Record<string, T>>, value: number): value is T {
  return Object.values(values).includes(value as T);
}

function bufferCalls(
  context: () => Context,
): Pick<HostCalls, "proxy_get_buffer_bytes" | "proxy_get_buffer_status" | "proxy_set_buffer_bytes"> {
  /** Runs `use` with a buffer. */
  function withBuffer<R>(type: number, use: (buffer: NonNullable<ReturnType<Context["buffer"]>>) => R): R | Status {
    if (!isOneOf(BufferType, type)) {
      return Status.BadArgument;
    }
    const buffer = context().buffer(type);
    return buffer === undefined ? Status.NotFound : use(buffer);
  }
  return {
    // A part that is not there is empty, and Ok.
    proxy_get_buffer_bytes: ({ buffer_type, offset, max_size }) =>
      withBuffer(buffer_type, ({ bytes }) => ({ value: bytes.slice(offset, offset + max_size) })),
    proxy_get_buffer_status: ({ buffer_type }) =>
      withBuffer(buffer_type, ({ bytes }) => ({ length: bytes.length, flags: 0 })),
    proxy_set_buffer_bytes: ({ buffer_type, offset, size, value }) =>
      withBuffer(buffer_type, (buffer) => buffer.write(offset, size, value)),
  };
}

type HeaderCalls =
  | "proxy_get_header_map_size"
  | "proxy_get_header_map_pairs"
  | "proxy_get_header_map_value"
  | "proxy_set_header_map_pairs"
  | "proxy_add_header_map_value"
  | "proxy_replace_header_map_value"
  | "proxy_remove_header_map_value";

function headerCalls(context: () => Context): Pick<HostCalls, HeaderCalls> {
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
    // As a change: what a call received has no size, and at the end of a body without trailers it adds some.
    proxy_get_header_map_size({ map_type }) {
      const map = mapOf(map_type, "change");
      return map === undefined ? Status.BadArgument : { size: map.byteSize };
    },
    // A map that is not there is an empty list here, and BadArgument everywhere else.
    proxy_get_header_map_pairs: ({ map_type }) =>
      isOneOf(MapType, map_type) ? { map: encodePairs(context().map(map_type, "read") ?? []) } : Status.BadArgument,
    proxy_get_header_map_value({ map_type, key }) {
      const map = mapOf(map_type, "read");
      if (map === undefined) {
        return isOneOf(MapType, map_type) && context().isLogging ? Status.NotFound : Status.BadArgument;
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

function streamCalls(
  context: () => Context,
  vm: Vm,
): Pick<HostCalls, "proxy_continue_stream" | "proxy_close_stream" | "proxy_send_local_response"> {
  return {
    proxy_continue_stream: ({ stream_type }) =>
      isOneOf(StreamType, stream_type) ? context().continueStream(stream_type) : Status.BadArgument,
    proxy_close_stream: ({ stream_type }) =>
      isOneOf(StreamType, stream_type) ? context().closeStream(stream_type) : Status.BadArgument,
    proxy_send_local_response({ status_code, status_code_details, body, serialized_headers, grpc_status }) {
      vm.stopIteration();
      return context().sendLocalResponse({
        status: status_code,
        details: bytesToText(status_code_details).replace(/\s/g, "_"),
        body,
        headers: pairsOf(serialized_headers),
        grpcStatus: grpc_status >= 0 && grpc_status <= MAX_GRPC_STATUS ? grpc_status : undefined,
      });
    },
  };
}
