import type { IncomingMessage, ServerResponse } from "node:http";

import type { CallRecord } from "./call-log.ts";
import type { BytesInput, FetchOptions } from "./client-request.ts";
import { ManualClock, realClock, settle } from "./clock.ts";
import type { ConnectionHandle } from "./connection-handle.ts";
import { makeSender } from "./endpoint.ts";
import type { Endpoint } from "./endpoint.ts";
import { messageOf, TestHostError } from "./errors.ts";
import { HostedPlugin } from "./hosted-plugin.ts";
import type { PluginOptions } from "./hosted-plugin.ts";
import type { HttpProxy, ListenOptions } from "./listen.ts";
import { announceHost } from "./loaded-hosts.ts";
import { Log } from "./log.ts";
import type { LogLine } from "./log.ts";
import { Machines } from "./machines.ts";
import type { Metric } from "./metrics.ts";
import { loadModule } from "./module.ts";
import type { FilterSource } from "./module.ts";
import { configurationBytes } from "./plugin.ts";
import { propertyTable } from "./properties.ts";
import type { RequestSummary } from "./request-trace.ts";
import type { SharedValue } from "./shared-data.ts";
import { SharedState } from "./shared-state.ts";
import type { StreamHandle } from "./stream-handle.ts";
import type { TestHostOptions } from "./test-host-options.ts";

/** Envoy's default of per_connection_buffer_limit_bytes. */
const ENVOY_BUFFER_LIMIT = 1024 * 1024;

/**
 * A Proxy-Wasm host in Node that runs a built filter as Envoy does: same callbacks, same order, same refusals.
 *
 * @example
 * ```ts
 * await using host = await TestHost.load("dist/filter.wasm", {
 *   config: { cluster: "back-python" },
 *   clusters: { "back-python": () => new Response("pong") },
 *   upstream: (request) => new Response(`hello from ${new URL(request.url).pathname}`),
 * });
 * const response = await host.fetch("http://back-golang/jump");
 * expect(response.status).toBe(200);
 * expect(host.calls).toContainEqual(expect.objectContaining({ call: "proxy_http_call", status: "Ok" }));
 * ```
 */
export class TestHost implements AsyncDisposable {
  readonly #machines: Machines;
  readonly #log: Log;
  readonly #shared: SharedState;
  readonly #clock: ManualClock | undefined;
  readonly #plugins: HostedPlugin[];
  readonly #first: HostedPlugin;
  #closed: Promise<void> | undefined;

  private constructor(
    machines: Machines,
    log: Log,
    first: HostedPlugin,
    shared: SharedState,
    clock: ManualClock | undefined,
  ) {
    this.#machines = machines;
    this.#log = log;
    this.#first = first;
    this.#plugins = [first];
    this.#shared = shared;
    this.#clock = clock;
  }

  /**
   * Starts a filter in a VM of its own.
   *
   * @throws TestHostError when it is no filter, or when the filter refuses its configuration; the message has its log
   */
  static async load(filter: FilterSource, options: TestHostOptions = {}): Promise<TestHost> {
    const log = new Log(options.onLog);
    const sender = (endpoint: Endpoint, what: string) =>
      makeSender(endpoint, what, (error) => {
        log.add("warn", `the handler of ${what} threw, which is a connection failure: ${messageOf(error)}`);
      });
    const clusters = Object.entries(options.clusters ?? {});
    const manual = options.clock === "manual" ? new ManualClock() : undefined;
    const shared = options.shared ?? new SharedState();
    const settings = {
      vmId: options.vmId ?? "",
      vmConfiguration: configurationBytes(options.vmConfig),
      env: options.env ?? {},
      clock: manual ?? realClock,
      shared,
      clusters: new Map(
        clusters.map(([name, endpoint]) => [name, endpoint === null ? null : sender(endpoint, `cluster ${name}`)]),
      ),
      upstream: sender(options.upstream ?? (() => new Response()), "the upstream"),
      grpc: options.grpc ?? {},
      foreignFunctions: options.foreignFunctions ?? {},
      properties: propertyTable(options.properties ?? {}),
      interference: options,
      failurePolicy: options.failurePolicy ?? "FAIL_CLOSED",
      allowOnHeadersStopIteration: options.allowOnHeadersStopIteration ?? false,
      bufferLimit: options.bufferLimit ?? ENVOY_BUFFER_LIMIT,
      trace: options.trace ?? false,
    };
    const machines = new Machines(await loadModule(filter, options.mode), settings, log, options.canary ?? false);
    try {
      const host = new TestHost(machines, log, new HostedPlugin(machines, options), shared, manual);
      announceHost(host);
      return host;
    } catch (error) {
      machines.close();
      throw error;
    }
  }

  /** The log, in order: what the filter logged, and what the host says about it. */
  get logs(): readonly LogLine[] {
    return this.#log.lines;
  }

  /** The host calls that the filter made, in order. */
  get calls(): readonly CallRecord[] {
    return this.#machines.calls.records;
  }

  /**
   * What happened between host and filter, for people: callbacks, the calls within them, and what became of both.
   *
   * @param lines - the newest so many
   */
  transcript(lines = 60): string {
    return this.#machines.transcript.text(lines);
  }

  /** The size of the filter's memory, in bytes. WebAssembly's memory never shrinks: it is the most that was needed so far. */
  get memoryBytes(): number {
    return this.#machines.latest.vm.memory.size;
  }

  /**
   * The metrics that the filter has defined, by name. (Envoy puts `wasmcustom.` before the name.)
   *
   * @example
   * ```ts
   * expect(host.metrics.get("requests")).toEqual({ type: "Counter", value: 1 });
   * expect(host.metrics.get("latency")).toEqual({ type: "Histogram", values: [12, 30] });
   * ```
   */
  get metrics(): ReadonlyMap<string, Metric> {
    return this.#machines.latest.metrics.read();
  }

  /** The shared data of this host's `vmId`, by key. Keys are byte strings. */
  get sharedData(): ReadonlyMap<string, SharedValue> {
    return new Map(this.#shared.data.of(this.#machines.latest.settings.vmId));
  }

  /** What waits in the shared queues of this host's `vmId`, by the queue's name. Names are byte strings. */
  get sharedQueues(): ReadonlyMap<string, readonly Uint8Array[]> {
    return this.#shared.queues.of(this.#machines.latest.settings.vmId);
  }

  /** How often the filter has called the foreign function clear_route_cache for a stream. */
  get routeCacheClears(): number {
    return this.#machines.latest.foreign.routeCacheClears;
  }

  /** The id of the plugin's root context, as in `calls`. */
  get contextId(): number {
    return this.#first.contextId;
  }

  /**
   * Sends a request through the filter to the upstream. Resolves when the whole response is there and the filter has seen the
   * end of the stream. Its trailers are had with `trailersOf`.
   *
   * @throws (rejects) the signal's reason, or `StreamResetError` when the stream ended without a response
   */
  fetch(url: string | URL, options: FetchOptions = {}): Promise<Response> {
    return this.#first.fetch(url, options);
  }

  /**
   * Opens a stream whose events the test makes one by one. Nothing is called before `requestHeaders`.
   *
   * @example
   * ```ts
   * const stream = host.openStream();
   * stream.requestHeaders({ ":method": "POST" });
   * expect(stream.requestBody("first, ").action).toBe("Pause");
   * stream.requestBody("second", { endOfStream: true });
   * expect(stream.upstream.text).toBe("first, second");
   * ```
   */
  openStream(): StreamHandle {
    return this.#first.openStream();
  }

  /**
   * Opens a TCP connection through a network filter (proxy_on_new_connection).
   *
   * @example
   * ```ts
   * const connection = host.connect();
   * connection.downstreamData("ping");
   * expect(connection.upstream.text).toBe("ping");
   * connection.close();
   * ```
   */
  connect(): ConnectionHandle {
    return this.#first.connect();
  }

  /** Starts an HTTP proxy in front of the upstream, for real clients. */
  listen(options: ListenOptions = {}): Promise<HttpProxy> {
    return this.#first.listen(options);
  }

  /**
   * Answers a request of Node's HTTP server, for a server of one's own. Never rejects: a stream that ends without a response ends
   * the client's connection.
   *
   * @returns what has happened, when the response is written
   * @internal
   */
  serve(request: IncomingMessage, response: ServerResponse): Promise<RequestSummary> {
    return this.#first.serve(request, response);
  }

  /**
   * Gives the plugin another configuration as Envoy does: it makes a new root context in the same VM for it, new streams belong
   * to that one, and the former one ends with its last stream.
   *
   * @throws TestHostError when the filter refuses it; the former configuration stays then
   */
  configure(config: unknown): void {
    this.#first.configure(config);
  }

  /**
   * Adds a plugin, with a root context of its own, in the same VM.
   *
   * @throws TestHostError when the filter refuses it, with its log
   * @example
   * ```ts
   * const other = host.addPlugin({ rootId: "other", config: { mode: "b" } });
   * await other.fetch("http://shop/");
   * ```
   */
  addPlugin(options: PluginOptions = {}): HostedPlugin {
    const plugin = new HostedPlugin(this.#machines, options);
    this.#plugins.push(plugin);
    return plugin;
  }

  /** Calls proxy_on_foreign_function, which Envoy itself never does: extensions of hosts do. */
  callForeign(functionId: number, data: BytesInput = ""): void {
    this.#first.callForeign(functionId, data);
  }

  /**
   * Lets time go on, with what is due on the way, in order: ticks and the timeouts of calls. What is under way (answers, events of
   * queues) settles first, and after each; `advance(0)` does just that.
   *
   * @param ms - milliseconds
   * @throws (rejects) TestHostError when the clock is the real one, unless `ms` is 0
   * @example
   * ```ts
   * await using host = await TestHost.load("filter.wasm", { clock: "manual" });
   * await host.advance(30_000);
   * ```
   */
  async advance(ms: number): Promise<void> {
    if (this.#clock !== undefined) {
      await this.#clock.advance(ms);
    } else if (ms === 0) {
      await settle();
    } else {
      throw new TestHostError(
        'advance: this host has the real clock; load it with { clock: "manual" } to move its time',
      );
    }
  }

  /** Ends everything: proxies, streams, calls, and the filter itself. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    await Promise.all(this.#plugins.map((plugin) => plugin.close()));
    this.#machines.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
