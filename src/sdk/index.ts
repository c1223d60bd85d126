/// <reference lib="esnext.typedarrays" preserve="true" />

/**
 * Write Proxy-Wasm filters for Envoy and Istio in TypeScript.
 *
 * @module
 */

import type { FilterConsole } from "./console.ts";

export { ConfigError, FetchError, HostError, StreamEndedError } from "./errors.ts";
export type { FetchFailure, FetchTarget } from "./errors.ts";
export type { HttpBody } from "./body.ts";
export { bytesConfig, textConfig } from "./config.ts";
export type { ConfigReader, RawReader, StandardSchema } from "./config.ts";
export type { Connection } from "./connection.ts";
export { fetch } from "./fetch.ts";
export type { FetchInit, FetchResponse } from "./fetch.ts";
export { defineFilter } from "./filter.ts";
export type {
  BodyMode,
  Filter,
  FilterContext,
  FilterDefinition,
  HookResult,
  PluginOptions,
  Plugins,
} from "./filter.ts";
export type { HeadersInit, HttpHeaders, ReadonlyHeaders, ReceivedHeaders } from "./headers.ts";
export type { BodyInit } from "./hostcalls.ts";
export { grpcCall } from "./grpc-call.ts";
export type { GrpcAnswer, GrpcCallOptions } from "./grpc-call.ts";
export { GrpcError, GrpcStreamEndedError } from "./grpc-error.ts";
export type { GrpcClose, GrpcFailure, GrpcTarget } from "./grpc-error.ts";
export { GrpcStatus } from "./grpc-status.ts";
export { grpcStream } from "./grpc-stream.ts";
export type { GrpcStream, GrpcStreamOptions } from "./grpc-stream.ts";
export type { GrpcCodec, GrpcOptions } from "./grpc-target.ts";
export type { Limits } from "./limits.ts";
export { hash, hmac, timingSafeEqual } from "./hash.ts";
export type { HashAlgorithm } from "./hash.ts";
export { jsonField } from "./json-field.ts";
export type { JsonPath } from "./json-field.ts";
export { log } from "./log.ts";
export type { Log } from "./log.ts";
export type { HttpRequest, HttpResponse } from "./message.ts";
export { defineNetworkFilter } from "./network-filter.ts";
export type { NetworkFilterDefinition, NetworkHookResult } from "./network-filter.ts";
export { definePlugins } from "./plugins.ts";
export type { PluginChoice } from "./plugins.ts";
export { Response } from "./response.ts";
export type { ResponseInit } from "./response.ts";
export { stepAside } from "./step-aside.ts";
export type { StepAside, StepAsideOptions } from "./step-aside.ts";
export { every } from "./timers.ts";
export { decodeUtf8, encodeUtf8 } from "./utf8.ts";

export { sharedData, SharedDataConflictError, sharedDataWithPrefix } from "./shared-data.ts";
export type { SharedData, SharedValue } from "./shared-data.ts";
export { registerSharedQueue, resolveSharedQueue } from "./shared-queue.ts";
export type { RemoteQueue, SharedQueue } from "./shared-queue.ts";
export { defineCounter, defineGauge, defineHistogram } from "./metrics.ts";
export type { Counter, Gauge, Histogram, Labeled, MetricOptions } from "./metrics.ts";
export { decodeProperty, getProperty, setProperty } from "./properties.ts";
export type { PropertyOwner } from "./properties.ts";
export type {
  KnownProperty,
  PropertyKind,
  PropertyKinds,
  PropertyPath,
  PropertyType,
  StreamProperty,
} from "./property-catalogue.ts";
export {
  callForeignFunction,
  clearRouteCache,
  compress,
  declareProperty,
  setEnvoyFilterState,
  uncompress,
  verifySignature,
} from "./foreign.ts";
export type { Key, LifeSpan } from "./foreign.ts";
export { onForeignFunction } from "./foreign-events.ts";
export type { ForeignFunctionCall } from "./foreign-events.ts";
export { onVmStart } from "./vm.ts";
export { environment } from "./environment.ts";
export { AbortController, AbortSignal } from "./abort.ts";
export type { AbortEvent, AbortListener, AbortSignalLike } from "./abort.ts";
export { crypto } from "./crypto.ts";
export type { IntegerArray } from "./crypto.ts";
export { performance } from "./performance.ts";
export { memoryUsage } from "./memory-usage.ts";
export type { MemoryUsage } from "./memory-usage.ts";
export { URL } from "./url.ts";
export { URLSearchParams } from "./url-search-params.ts";
export type { URLSearchParamsInit } from "./url-search-params.ts";

declare global {
  // Merges with the DOM's or Node's own declaration where a project has one.
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type
  interface Console extends FilterConsole {}
  var console: Console;
}
