/** HTTP calls of the filter: src/shim/calls.c for Node. */

import { BufferType, MapType, Status } from "../../../../src/abi/index.ts";
import { useContext } from "./contexts.ts";
import { call, OutBytes, OutU32, unrecorded } from "./memory.ts";
import { headerValue, listOf, parse, serialize } from "./pairs.ts";
import type { BytePair } from "./pairs.ts";
import { checkOpenCalls, openCalls, vm } from "./state.ts";
import { body as bytesOfBody, byteString, fromUtf8, hostError, outcome, uint32, utf8 } from "./values.ts";

interface Call {
  readonly upstream: unknown;
  readonly method: unknown;
  readonly path: unknown;
  readonly timeout: number;
  readonly resolve: (answer: object) => void;
  readonly reject: (reason: unknown) => void;
}

const calls = new Map<number, Call>();
openCalls.push(calls);

/**
 * The answer to a call. The host keeps it only until its callback returns. Each part is fetched when it is first asked for, and
 * the rest at the end of the callback. (The module does that only when somebody still holds the answer, which JavaScript cannot
 * know; the host is asked without a record of it here.)
 */
interface CallResponse {
  readonly pluginId: number;
  readonly bodySize: number;
  readonly trailers: number;
  hostHasIt: boolean;
  status?: number;
  headerBlock?: Uint8Array;
  trailerBlock?: Uint8Array;
  body?: Uint8Array;
}

const responses = new WeakMap<object, CallResponse>();

function enter(response: CallResponse, name: string): void {
  if (!response.hostHasIt || !useContext(response.pluginId)) {
    throw hostError(name, Status.BadArgument);
  }
}

function loadStatus(response: CallResponse): number {
  if (response.status === undefined) {
    enter(response, "proxy_get_header_map_value");
    const out = new OutBytes();
    const status = call("proxy_get_header_map_value", MapType.HttpCallResponseHeaders, byteString(":status"), out);
    outcome("proxy_get_header_map_value", status);
    response.status = out.bytes.subarray(0, 3).reduce((number, digit) => number * 10 + digit - 48, 0);
  }
  return response.status;
}

function loadBlock(response: CallResponse, map: MapType): Uint8Array {
  enter(response, "proxy_get_header_map_pairs");
  const out = new OutBytes();
  outcome("proxy_get_header_map_pairs", call("proxy_get_header_map_pairs", map, out));
  return out.bytes;
}

function loadHeaders(response: CallResponse): Uint8Array {
  return (response.headerBlock ??= loadBlock(response, MapType.HttpCallResponseHeaders));
}

function loadTrailers(response: CallResponse): Uint8Array {
  if (response.trailers === 0) {
    return new Uint8Array();
  }
  return (response.trailerBlock ??= loadBlock(response, MapType.HttpCallResponseTrailers));
}

function loadBody(response: CallResponse): Uint8Array {
  if (response.body === undefined) {
    enter(response, "proxy_get_buffer_bytes");
    const out = new OutBytes();
    if (response.bodySize > 0) {
      const status = call("proxy_get_buffer_bytes", BufferType.HttpCallResponseBody, 0, response.bodySize, out);
      outcome("proxy_get_buffer_bytes", status);
    }
    response.body = out.bytes;
  }
  return response.body;
}

function responseOf(answer: unknown): CallResponse {
  const response = typeof answer === "object" && answer !== null ? responses.get(answer) : undefined;
  if (response === undefined) {
    throw new TypeError("FetchResponse object expected");
  }
  return response;
}

export function getCallStatus(answer: unknown): number {
  return loadStatus(responseOf(answer));
}

export function getCallHeaders(answer: unknown): [string, string][] {
  return parse(loadHeaders(responseOf(answer)));
}

export function getCallTrailers(answer: unknown): [string, string][] {
  return parse(loadTrailers(responseOf(answer)));
}

export function getCallBytes(answer: unknown): Uint8Array {
  return loadBody(responseOf(answer)).slice();
}

export function getCallText(answer: unknown): string {
  return fromUtf8(loadBody(responseOf(answer)));
}

function callError({ upstream, method, path, timeout }: Omit<Call, "resolve" | "reject">, ...rest: unknown[]): Error {
  const CallError = vm.sdk.CallError as new (...parameters: unknown[]) => Error;
  return new CallError(upstream, method, path, timeout, ...rest);
}

export function httpCall(
  upstream: unknown,
  method: unknown,
  path: unknown,
  authority: unknown,
  headers: unknown,
  body: unknown,
  trailers: unknown,
  timeoutMs: unknown,
): Promise<object> {
  checkOpenCalls();
  const request = { upstream, method, path, timeout: uint32(timeoutMs) };
  const pseudo = Object.entries({ ":method": method, ":path": path, ":authority": authority }).flatMap(
    ([name, value]): BytePair[] => (value === undefined ? [] : [[byteString(name), headerValue(value)]]),
  );
  const id = new OutU32();
  const status = call(
    "proxy_http_call",
    bytesOfBody(upstream),
    serialize([...pseudo, ...listOf(headers)]),
    bytesOfBody(body),
    serialize(listOf(trailers)),
    request.timeout,
    id,
  );
  if (status !== Status.Ok) {
    if (vm.building) {
      throw hostError("proxy_http_call", status);
    }
    return Promise.reject(callError(request, status));
  }
  const older = calls.get(id.value);
  if (older !== undefined) {
    older.reject(callError(older, undefined));
  }
  return new Promise((resolve, reject) => {
    calls.set(id.value, { ...request, resolve, reject });
  });
}

/** Envoy tells a call's failure by an answer of its own: see `is_failure_of_host` in src/shim/calls.c. */
function isFailureOfHost(response: CallResponse): boolean {
  const status = loadStatus(response);
  if (status < 502 || status > 504) {
    return false;
  }
  const text = fromUtf8(loadBody(response));
  if (!text.startsWith("upstream ") && !text.startsWith("no healthy upstream")) {
    return false;
  }
  const out = new OutBytes();
  const mark = utf8("x-envoy-upstream-service-time");
  const found = call("proxy_get_header_map_value", MapType.HttpCallResponseHeaders, mark, out);
  return found === Status.NotFound || out.bytes.length === 0;
}

/** Settles the promise of a call. */
export function openCallResponse(
  pluginId: number,
  callId: number,
  headers: number,
  bodySize: number,
  trailers: number,
): CallResponse | undefined {
  const pending = calls.get(callId);
  calls.delete(callId);
  if (pending === undefined) {
    return undefined;
  }
  if (headers === 0) {
    pending.reject(callError(pending, undefined));
    return undefined;
  }
  const response: CallResponse = { pluginId, bodySize, trailers, hostHasIt: true };
  let failed = false;
  try {
    failed = isFailureOfHost(response);
  } catch {
    // A host that does not give a part of it: the filter will be told when it asks.
  }
  if (failed) {
    pending.reject(callError(pending, undefined, fromUtf8(loadBody(response))));
    return undefined;
  }
  const answer = Object.create(vm.sdk.callResponsePrototype) as object;
  responses.set(answer, response);
  pending.resolve(answer);
  return response;
}

export function closeCallResponse(response: CallResponse | undefined): void {
  if (response === undefined) {
    return;
  }
  unrecorded(() => {
    for (const part of [loadStatus, loadHeaders, loadTrailers, loadBody]) {
      try {
        part(response);
      } catch {
        // The filter will be told when it asks.
      }
    }
  });
  response.hostHasIt = false;
}
