/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Run a built filter in Node, in a host that behaves as Envoy does.
 *
 * @module
 */

export type { CallRecord, StatusName } from "./call-log.ts";
export type { BodyInput, BytesInput, FetchOptions, HeadersInput } from "./client-request.ts";
export type { ByteRecording, ConnectionHandle, ConnectionStep } from "./connection-handle.ts";
export type { Endpoint, Handler } from "./endpoint.ts";
export { StreamResetError, TestHostError } from "./errors.ts";
export type { ForeignFunction } from "./foreign.ts";
export type { GrpcHandler, GrpcInfo, GrpcServices, GrpcStreamHandler, GrpcUnaryHandler } from "./grpc-handler.ts";
export type { HostedPlugin, PluginOptions } from "./hosted-plugin.ts";
export type { HttpProxy, ListenOptions } from "./listen.ts";
export type { LogLevelName, LogLine } from "./log.ts";
export type { Metric } from "./metrics.ts";
export { CompiledFilter, compileFilter } from "./module.ts";
export type { FilterSource, Mode } from "./module.ts";
export type { HeaderPair } from "./pairs.ts";
export type { Properties, PropertyValue } from "./properties.ts";
export type { MessagePart, Recording } from "./recording.ts";
export type { SharedValue } from "./shared-data.ts";
export { SharedState } from "./shared-state.ts";
export type { ActionName, PartOptions, StreamHandle, StreamStep } from "./stream-handle.ts";
export { TestHost } from "./test-host.ts";
export type { TestHostOptions } from "./test-host-options.ts";
export { trailersOf, withTrailers } from "./web-trailers.ts";
