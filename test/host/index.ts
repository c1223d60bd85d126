/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Run a built filter in Node, in a host that behaves as Envoy does.
 *
 * @module
 */

export type { CallRecord, StatusName } from "./call-log.ts";
export type { FetchOptions } from "./client-request.ts";
export type { Endpoint, Handler } from "./endpoint.ts";
export { StreamResetError, TestHostError } from "./errors.ts";
export type { HttpProxy, ListenOptions } from "./listen.ts";
export type { LogLevelName, LogLine } from "./log.ts";
export type { FilterSource } from "./module.ts";
export { TestHost } from "./test-host.ts";
export type { TestHostOptions } from "./test-host.ts";
