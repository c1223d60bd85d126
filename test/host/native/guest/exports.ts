/** The module's exports: src/shim/callbacks.c for Node. */

import { Action, BufferType } from "../../../../src/abi/index.ts";
import type { Callback } from "../../../../src/abi/index.ts";
import { boundary } from "./boundary.ts";
import { closeCallResponse, openCallResponse } from "./calls.ts";
import { bodyMode, createPlugin, newStream } from "./contexts.ts";
import { onClose, onInitialMetadata, onReceive, onTrailingMetadata } from "./grpc.ts";
import { delay, mayBeReplayed, noteBody, returnTick } from "./delayed.ts";
import { arrive, endStream, enterCallback, hasHook, inCallback, leaveCallback, observe } from "./hooks.ts";
import { allocate } from "./memory.ts";
import { callHandler, configurePlugin, endPlugin, loadBuffer } from "./plugins.ts";
import { ARRIVED, vm } from "./state.ts";
import type { Message, Stream } from "./state.ts";
import { fromUtf8 } from "./values.ts";

/** The stream to call a hook for. */
function streamFor(id: number, network: boolean): Stream | undefined {
  const stream = vm.streams.get(id);
  return stream?.plugin.filter?.network === network ? stream : undefined;
}

function headersArrive(message: Message | undefined, bodyHook: string, endOfStream: number): Action {
  if (message === undefined) {
    return Action.Continue;
  }
  message.lengthGoes =
    endOfStream === 0 && bodyMode(message) === "rewrite" && hasHook(message.stream.plugin.filter, bodyHook);
  return arrive(message, ARRIVED.headers);
}

function bodyArrives(message: Message | undefined, size: number, endOfStream: number): Action {
  if (message === undefined) {
    return Action.Continue;
  }
  message.bodySize = size;
  message.bodyEnd = Math.min(message.bodyEnd, size);
  message.bodyStart = Math.min(message.bodyStart, size);
  message.bodyEnded = message.bodyComplete = endOfStream !== 0;
  noteBody(message);
  return arrive(message, ARRIVED.body);
}

function trailersArrive(message: Message | undefined): Action {
  if (message === undefined) {
    return Action.Continue;
  }
  const isReplayed = mayBeReplayed(message);
  message.bodyComplete = true;
  const action = arrive(message, ARRIVED.trailers);
  return isReplayed && action === Action.Continue && delay(message) ? Action.Pause : action;
}

/** An access logger is given its plugin's context: what it sees is the stream that is being logged. */
function log(id: number): void {
  const plugin = vm.streams.has(id) ? undefined : vm.plugins.get(id);
  if (plugin === undefined) {
    observe(vm.streams.get(id), "onLog");
    return;
  }
  const stream = newStream(id, plugin);
  observe(stream, "onLog");
  endStream(stream);
}

function createContext(id: number, parentId: number): void {
  if (parentId === 0) {
    if (!vm.plugins.has(id)) {
      createPlugin(id);
    }
    return;
  }
  const plugin = vm.plugins.get(parentId);
  const older = vm.streams.get(id);
  vm.streams.delete(id);
  if (older !== undefined) {
    endStream(older);
  }
  if (plugin !== undefined) {
    vm.streams.set(id, newStream(id, plugin));
  }
}

function deleteContext(id: number): void {
  const stream = vm.streams.get(id);
  if (stream !== undefined) {
    vm.streams.delete(id);
    endStream(stream);
    return;
  }
  const plugin = vm.plugins.get(id);
  vm.plugins.delete(id);
  if (plugin !== undefined) {
    endPlugin(plugin);
  }
}

function startVm(pluginId: number, size: number): number {
  vm.effectiveContext = pluginId;
  return Number(callHandler("vm_start", pluginId, fromUtf8(loadBuffer(BufferType.VmConfiguration, size))));
}

function answerCall(pluginId: number, callId: number, headers: number, size: number, trailers: number): void {
  enterCallback(pluginId, pluginId);
  const response = openCallResponse(pluginId, callId, headers, size, trailers);
  leaveCallback();
  closeCallResponse(response);
}

function foreignFunction(pluginId: number, functionId: number, size: number): void {
  vm.effectiveContext = pluginId;
  const bytes = loadBuffer(BufferType.ForeignFunctionArguments, size);
  callHandler("foreign_function", pluginId, pluginId, functionId, bytes);
}

type Exported = (...parameters: number[]) => unknown;

/** Those that every module has. */
const ALWAYS = {
  proxy_abi_version_0_2_1: () => undefined,
  proxy_on_vm_start: startVm,
  proxy_on_configure: (id: number, size: number) =>
    Number(configurePlugin(vm.plugins.get(id) ?? createPlugin(id), size)),
  proxy_on_context_create: createContext,
  proxy_on_delete: deleteContext,
  proxy_on_http_call_response: answerCall,
} satisfies Record<string, Exported>;

/** Those of hooks. */
const HOOKS: Readonly<Record<string, readonly [Callback, Exported]>> = {
  onRequestHeaders: [
    "proxy_on_request_headers",
    (id = 0, _count, end = 0) => headersArrive(streamFor(id, false)?.request, "onRequestBody", end),
  ],
  onRequestBody: [
    "proxy_on_request_body",
    (id = 0, size = 0, end = 0) => bodyArrives(streamFor(id, false)?.request, size, end),
  ],
  onRequestTrailers: ["proxy_on_request_trailers", (id = 0) => trailersArrive(streamFor(id, false)?.request)],
  onResponseHeaders: [
    "proxy_on_response_headers",
    (id = 0, _count, end = 0) => headersArrive(streamFor(id, false)?.response, "onResponseBody", end),
  ],
  onResponseBody: [
    "proxy_on_response_body",
    (id = 0, size = 0, end = 0) => bodyArrives(streamFor(id, false)?.response, size, end),
  ],
  onResponseTrailers: ["proxy_on_response_trailers", (id = 0) => trailersArrive(streamFor(id, false)?.response)],
  onLog: [
    "proxy_on_log",
    (id = 0) => {
      log(id);
    },
  ],
  onDone: [
    "proxy_on_done",
    (id = 0) => {
      observe(vm.streams.get(id), "onDone");
      return 1;
    },
  ],
  onNewConnection: [
    "proxy_on_new_connection",
    (id = 0) => {
      const message = streamFor(id, true)?.request;
      return message === undefined ? Action.Continue : arrive(message, ARRIVED.headers);
    },
  ],
  onDownstreamData: [
    "proxy_on_downstream_data",
    (id = 0, size = 0, end = 0) => bodyArrives(streamFor(id, true)?.request, size, end),
  ],
  onUpstreamData: [
    "proxy_on_upstream_data",
    (id = 0, size = 0, end = 0) => bodyArrives(streamFor(id, true)?.response, size, end),
  ],
  onDownstreamClose: [
    "proxy_on_downstream_connection_close",
    (id = 0, peer = 0) => {
      observe(streamFor(id, true), "onDownstreamClose", peer);
    },
  ],
  onUpstreamClose: [
    "proxy_on_upstream_connection_close",
    (id = 0, peer = 0) => {
      observe(streamFor(id, true), "onUpstreamClose", peer);
    },
  ],
};

/** Those of events, by what the SDK calls them. */
const EVENTS: Readonly<Record<string, readonly [Callback, Exported]>> = {
  tick: [
    "proxy_on_tick",
    (pluginId = 0) => callHandler("tick", pluginId, pluginId, returnTick(vm.plugins.get(pluginId))),
  ],
  queue_ready: [
    "proxy_on_queue_ready",
    (pluginId = 0, queueId = 0) => callHandler("queue_ready", pluginId, pluginId, queueId),
  ],
  foreign_function: [
    "proxy_on_foreign_function",
    (pluginId = 0, functionId = 0, size = 0) => {
      foreignFunction(pluginId, functionId, size);
    },
  ],
};

const GRPC = {
  proxy_on_grpc_receive: onReceive,
  proxy_on_grpc_close: onClose,
} satisfies Record<string, Exported>;

const GRPC_STREAMS = {
  proxy_on_grpc_receive_initial_metadata: onInitialMetadata,
  proxy_on_grpc_receive_trailing_metadata: onTrailingMetadata,
} satisfies Record<string, Exported>;

/** Some hooks need the callbacks of others, too: see `needs_callback` in src/shim/build.c. */
function isNeeded(hook: string): boolean {
  return vm.filters.some((filter) => {
    const request = hasHook(filter, "onRequestBody");
    const response = hasHook(filter, "onResponseBody");
    return (
      hasHook(filter, hook) ||
      (hook === "onRequestTrailers" && request && filter.requestBody !== "stream") ||
      (hook === "onResponseTrailers" && response && filter.responseBody !== "stream") ||
      (hook === "onRequestHeaders" && request && filter.requestBody === "rewrite") ||
      (hook === "onResponseHeaders" && response && filter.responseBody === "rewrite")
    );
  });
}

/** See `needs_tick` in src/shim/build.c. */
function isEventNeeded(event: string): boolean {
  const mayWaitForTick = vm.filters.some(
    (filter) =>
      (hasHook(filter, "onRequestHeaders") && hasHook(filter, "onRequestBody") && filter.requestBody !== "stream") ||
      (hasHook(filter, "onResponseHeaders") && hasHook(filter, "onResponseBody") && filter.responseBody !== "stream"),
  );
  return vm.handlers[event] !== undefined || (event === "tick" && mayWaitForTick);
}

/** @param used - the shim's functions that the SDK has taken */
export function exposeModule(used: ReadonlySet<string>): void {
  const streams = used.has("proxy_grpc_stream");
  const exported: Record<string, Exported> = {
    ...ALWAYS,
    ...Object.fromEntries(Object.entries(HOOKS).flatMap(([hook, entry]) => (isNeeded(hook) ? [entry] : []))),
    ...Object.fromEntries(Object.entries(EVENTS).flatMap(([event, entry]) => (isEventNeeded(event) ? [entry] : []))),
    ...(streams || used.has("proxy_grpc_call") ? GRPC : {}),
    ...(streams ? GRPC_STREAMS : {}),
  };
  boundary.expose({
    malloc: allocate,
    ...Object.fromEntries(
      Object.entries(exported).map(([name, run]) => [
        name,
        (...parameters: number[]) => inCallback(() => Number(run(...parameters) ?? 0)),
      ]),
    ),
  });
}
