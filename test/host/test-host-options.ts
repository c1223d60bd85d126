import type { Endpoint } from "./endpoint.ts";
import type { ForeignFunction } from "./foreign.ts";
import type { GrpcServices } from "./grpc-handler.ts";
import type { PluginOptions } from "./hosted-plugin.ts";
import type { InterferenceOptions } from "./interference.ts";
import type { LogLine } from "./log.ts";
import type { FailurePolicy } from "./machines.ts";
import type { Mode } from "./module.ts";
import type { Properties } from "./properties.ts";
import type { SharedState } from "./shared-state.ts";

/** Options of `TestHost.load`. */
export interface TestHostOptions extends PluginOptions, InterferenceOptions {
  /** For a filter that is given as TypeScript. Default: the environment variable PROXY_WASM_TS_MODE, or "wasm". */
  readonly mode?: Mode;
  /** The VM configuration: text or bytes as they are, anything else as JSON. Default: empty. */
  readonly vmConfig?: unknown;
  /** The name under which VMs share data and queues, and the property `plugin_vm_id`. Default: empty. */
  readonly vmId?: string;
  /** What the filter gets of WASI's environ_get: its environment variables. Default: none. */
  readonly env?: Readonly<Record<string, string>>;
  /** The clusters that the filter can call, by name; null for one without endpoints. */
  readonly clusters?: Readonly<Record<string, Endpoint | null>>;
  /**
   * The gRPC services that the filter can call, by cluster and method.
   *
   * @example
   * ```ts
   * grpc: {
   *   auth: {
   *     "pkg.Auth/Check": (message) => message,
   *     "pkg.Auth/Watch": {
   *       stream: async function* (messages) {
   *         for await (const message of messages) yield message;
   *       },
   *     },
   *   },
   * }
   * ```
   */
  readonly grpc?: GrpcServices;
  /** Where requests go after the filter. Default: an answer with 200 and no body. */
  readonly upstream?: Endpoint;
  /**
   * What the filter finds with proxy_get_property, before what the host itself knows, in all streams and plugins.
   *
   * @example
   * ```ts
   * properties: { "source.address": "10.0.0.1:1234", "connection.mtls": true, "xds.cluster_name": "shop" }
   * ```
   */
  readonly properties?: Properties;
  /** What the filter can call with proxy_call_foreign_function, beside clear_route_cache, compress and uncompress. */
  readonly foreignFunctions?: Readonly<Record<string, ForeignFunction>>;
  /**
   * "manual": time stands still until `TestHost.advance` lets it go on: WASI's clocks, ticks, and the timeouts of calls. It begins
   * on 2026-01-01. Default: "real".
   */
  readonly clock?: "real" | "manual";
  /** What this host has in common with others. Default: nothing. */
  readonly shared?: SharedState;
  /**
   * Envoy's `allow_on_headers_stop_iteration`: a pause in the callback of headers does not hold back those of the body. Default:
   * false, as Envoy's.
   */
  readonly allowOnHeadersStopIteration?: boolean;
  /**
   * Envoy's `per_connection_buffer_limit_bytes`: a filter that holds more of a body is answered with 413 (a request's), or its stream is
   * reset (a response's). Behind a pause in the headers' callback the sender waits instead. Default: 1048576 bytes, as Envoy's.
   */
  readonly bufferLimit?: number;
  /**
   * Tries each plugin out as Envoy does before it takes a configuration: proxy_on_vm_start and proxy_on_configure run in a VM of
   * their own, which is then dropped without another callback. What a filter does there happens once more: log lines, shared data,
   * metrics, registered queues; its calls are not sent. Default: false.
   */
  readonly canary?: boolean;
  /** What becomes of traffic after the module has broken: by a trap, which no filter of this SDK can cause. Default: "FAIL_CLOSED". */
  readonly failurePolicy?: FailurePolicy;
  /**
   * The log shows each call between host and module, too: at level trace, as Envoy's does with
   * `--component-log-level wasm:trace`. Default: false.
   *
   * @example
   * ```ts
   * await using host = await TestHost.load("filter.wasm", { trace: true, onLog: (line) => console.log(line.message) });
   * // [host->vm] proxy_on_context_create(1, 0)
   * // [host<-vm] proxy_on_context_create return: void
   * ```
   */
  readonly trace?: boolean;
  /** Is told each line of the log. */
  readonly onLog?: (line: LogLine) => void;
}
