/** gRPC calls and streams of the filter: src/shim/grpc.c, grpc_hostcalls.c and grpc_callbacks.c for Node. */

import { BufferType, MapType, Status } from "../../../../src/abi/index.ts";
import type { GrpcReceiver, RawGrpcStatus } from "../../../../src/sdk/shim.ts";
import { useContext } from "./contexts.ts";
import { getPairs } from "./headers.ts";
import { enterCallback, leaveCallback } from "./hooks.ts";
import { call, OutBytes, OutU32 } from "./memory.ts";
import { listOf, serialize } from "./pairs.ts";
import { checkOpenCalls, openCalls, vm } from "./state.ts";
import { body as bytesOfBody, fromUtf8, hostError, outcome, reportUncaught, uint32 } from "./values.ts";

const CANCELLED = 1;
const UNKNOWN = 2;

interface GrpcCall {
  readonly pluginId: number;
  /** Of a stream; undefined when nobody listens any more. */
  receiver: GrpcReceiver | undefined;
  /** Of a call. */
  readonly settle: ((outcome: Uint8Array | RawGrpcStatus) => void) | undefined;
  readonly reject: ((reason: unknown) => void) | undefined;
  /** proxy_grpc_close was called. */
  halfClosed: boolean;
}

const grpcCalls = new Map<number, GrpcCall>();
openCalls.push(grpcCalls);
/** Those that the host refused, and will say why of. */
const refused: GrpcCall[] = [];
/** How many host calls of gRPC are under way: Envoy calls back from within them. */
let hostCalls = 0;

function duringHostCall(run: () => Status): Status {
  hostCalls++;
  try {
    return run();
  } finally {
    hostCalls--;
  }
}

function isStream({ settle }: GrpcCall): boolean {
  return settle === undefined;
}

function tell(grpcCall: GrpcCall, run: (receiver: GrpcReceiver) => void): void {
  if (grpcCall.receiver === undefined) {
    return;
  }
  try {
    run(grpcCall.receiver);
  } catch (error) {
    reportUncaught("uncaught error in the receiver of a gRPC stream:", error);
  }
}

/** The end of a call or stream, which is no longer in the table. */
function close(grpcCall: GrpcCall, code: number, message: string | undefined): void {
  grpcCall.settle?.([code, message]);
  tell(grpcCall, (receiver) => {
    receiver.onClose(code, message);
  });
}

function keep(grpcCall: GrpcCall, id: number): void {
  const older = grpcCalls.get(id);
  grpcCalls.delete(id);
  if (older !== undefined) {
    close(older, UNKNOWN, undefined);
  }
  grpcCalls.set(id, grpcCall);
}

/** @throws HostError when the host will not say why it refused */
function keepRefused(grpcCall: GrpcCall, name: string, status: Status): void {
  if (vm.building || status !== Status.InternalFailure || call("proxy_grpc_cancel", 0) === Status.InternalFailure) {
    throw hostError(name, status);
  }
  refused.push(grpcCall);
}

export function grpcCall(
  upstream: unknown,
  service: unknown,
  method: unknown,
  metadata: unknown,
  message: unknown,
  timeoutMs: unknown,
): [number, Promise<Uint8Array | RawGrpcStatus>] {
  const timeout = uint32(timeoutMs);
  const block = serialize(listOf(metadata));
  const parts = [upstream, service, method].map(bytesOfBody);
  let settlers: Pick<GrpcCall, "settle" | "reject"> | undefined;
  const promise = new Promise<Uint8Array | RawGrpcStatus>((settle, reject) => {
    settlers = { settle, reject };
  });
  checkOpenCalls();
  const started: GrpcCall = {
    pluginId: vm.pluginId,
    receiver: undefined,
    settle: settlers?.settle,
    reject: settlers?.reject,
    halfClosed: false,
  };
  const id = new OutU32();
  const bytes = bytesOfBody(message);
  const status = duringHostCall(() => call("proxy_grpc_call", ...parts, block, bytes, timeout, id));
  if (status !== Status.Ok) {
    keepRefused(started, "proxy_grpc_call", status);
    return [0, promise];
  }
  keep(started, id.value);
  return [id.value, promise];
}

export function grpcStream(
  upstream: unknown,
  service: unknown,
  method: unknown,
  metadata: unknown,
  receiver: unknown,
): number {
  if (typeof receiver !== "object" || receiver === null) {
    throw new TypeError("proxy_grpc_stream: the receiver must be an object");
  }
  const block = serialize(listOf(metadata));
  const parts = [upstream, service, method].map(bytesOfBody);
  checkOpenCalls();
  const started: GrpcCall = {
    pluginId: vm.pluginId,
    receiver: receiver as GrpcReceiver,
    settle: undefined,
    reject: undefined,
    halfClosed: false,
  };
  const id = new OutU32();
  const status = duringHostCall(() => call("proxy_grpc_stream", ...parts, block, id));
  if (status !== Status.Ok) {
    keepRefused(started, "proxy_grpc_stream", status);
    return 0;
  }
  keep(started, id.value);
  return id.value;
}

/** Asks the host of the call's plugin, whoever has the turn. */
function operate(pluginId: number, run: () => Status): Status {
  const { effectiveContext } = vm;
  if (pluginId !== vm.pluginId && !useContext(pluginId)) {
    return Status.NotFound;
  }
  const status = duringHostCall(run);
  useContext(effectiveContext);
  return status;
}

/** Takes a call or stream out of the table and cancels it. */
function cancel(id: number): { readonly cancelled: GrpcCall | undefined; readonly status: Status } {
  const cancelled = grpcCalls.get(id);
  grpcCalls.delete(id);
  const status =
    cancelled === undefined ? Status.NotFound : operate(cancelled.pluginId, () => call("proxy_grpc_cancel", id));
  return { cancelled, status };
}

export function grpcSend(id: unknown, message: unknown, end: unknown): void {
  const streamId = uint32(id);
  const bytes = bytesOfBody(message);
  const stream = grpcCalls.get(streamId);
  const status =
    stream === undefined
      ? Status.NotFound
      : operate(stream.pluginId, () => call("proxy_grpc_send", streamId, bytes, end === true ? 1 : 0));
  outcome("proxy_grpc_send", status);
}

export function grpcCancel(id: unknown): void {
  const { cancelled, status } = cancel(uint32(id));
  cancelled?.settle?.([CANCELLED, undefined]);
  outcome("proxy_grpc_cancel", status);
}

export function grpcClose(value: unknown): void {
  const id = uint32(value);
  const grpcCall = grpcCalls.get(id);
  if (grpcCall !== undefined && !isStream(grpcCall)) {
    grpcCancel(id);
    return;
  }
  const status =
    grpcCall === undefined ? Status.NotFound : operate(grpcCall.pluginId, () => call("proxy_grpc_close", id));
  const same = grpcCalls.get(id);
  if (same !== undefined && status === Status.Ok) {
    same.halfClosed = true;
  }
  outcome("proxy_grpc_close", status);
}

export function forgetGrpcStream(id: unknown): void {
  const stream = grpcCalls.get(uint32(id));
  if (stream !== undefined) {
    stream.receiver = undefined;
  }
}

/** Those that a plugin's old configuration has started. */
export function cancelGrpcStreams(plugin: unknown): void {
  for (const [id, { pluginId }] of [...grpcCalls].filter(([, grpcCall]) => isStream(grpcCall))) {
    if (pluginId === plugin && grpcCalls.has(id)) {
      const { cancelled } = cancel(id);
      if (cancelled !== undefined) {
        close(cancelled, CANCELLED, "its plugin has ended or was configured again");
      }
    }
  }
}

/** Within a host call the event runs inside of the filter's code, and neither begins a callback nor runs microtasks. */
function during(pluginId: number, run: () => void): void {
  const { effectiveContext, pluginId: interrupted } = vm;
  enterCallback(pluginId, pluginId);
  run();
  if (hostCalls === 0) {
    leaveCallback();
    return;
  }
  vm.effectiveContext = effectiveContext;
  vm.pluginId = interrupted;
}

function receiving(callId: number): GrpcCall | undefined {
  const stream = grpcCalls.get(callId);
  return stream?.receiver === undefined ? undefined : stream;
}

function metadataOf(map: MapType, count: number): [string, string][] {
  return count > 0 ? getPairs(map) : [];
}

function loadMessage(size: number): Uint8Array {
  const out = new OutBytes();
  if (size > 0) {
    outcome("proxy_get_buffer_bytes", call("proxy_get_buffer_bytes", BufferType.GrpcCallMessage, 0, size, out));
  }
  return out.bytes;
}

export function onInitialMetadata(pluginId: number, callId: number, count: number): void {
  const stream = receiving(callId);
  if (stream !== undefined) {
    during(pluginId, () => {
      const metadata = metadataOf(MapType.GrpcCallInitialMetadata, count);
      tell(stream, (receiver) => {
        receiver.onInitialMetadata(metadata);
      });
    });
  }
}

export function onReceive(pluginId: number, callId: number, size: number): void {
  const grpcCall = grpcCalls.get(callId);
  if (grpcCall === undefined || (isStream(grpcCall) && grpcCall.receiver === undefined)) {
    return;
  }
  during(pluginId, () => {
    if (isStream(grpcCall)) {
      const message = loadMessage(size);
      tell(grpcCall, (receiver) => {
        receiver.onMessage(message);
      });
      return;
    }
    grpcCalls.delete(callId);
    try {
      grpcCall.settle?.(loadMessage(size));
    } catch (error) {
      grpcCall.reject?.(error);
    }
  });
}

export function onTrailingMetadata(pluginId: number, callId: number, count: number): void {
  const stream = receiving(callId);
  if (stream !== undefined) {
    during(pluginId, () => {
      const metadata = metadataOf(MapType.GrpcCallTrailingMetadata, count);
      tell(stream, (receiver) => {
        receiver.onTrailingMetadata(metadata);
      });
    });
  }
}

export function onClose(pluginId: number, callId: number, code: number): void {
  const known = grpcCalls.get(callId);
  grpcCalls.delete(callId);
  const at = refused.findIndex((grpcCall) => grpcCall.pluginId === pluginId);
  const ended = known ?? (at >= 0 ? refused.splice(at, 1)[0] : undefined);
  if (ended === undefined) {
    return;
  }
  during(pluginId, () => {
    const [statusCode, text] = [new OutU32(), new OutBytes()];
    const status = call("proxy_get_status", statusCode, text);
    const message = status === Status.Ok && text.value !== undefined ? fromUtf8(text.value) : undefined;
    if (isStream(ended) && known !== undefined && !ended.halfClosed) {
      operate(pluginId, () => call("proxy_grpc_cancel", callId));
    }
    close(ended, code, message);
  });
}
