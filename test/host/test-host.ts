import type { CallRecord } from "./call-log.ts";
import { clientRequest } from "./client-request.ts";
import type { FetchOptions } from "./client-request.ts";
import { makeSender, toWebResponse } from "./endpoint.ts";
import type { Endpoint } from "./endpoint.ts";
import { messageOf, StreamResetError } from "./errors.ts";
import { startProxy } from "./listen.ts";
import type { HttpProxy, ListenOptions } from "./listen.ts";
import { Log } from "./log.ts";
import type { LogLine } from "./log.ts";
import { loadModule } from "./module.ts";
import type { FilterSource } from "./module.ts";
import { configurationBytes, Plugin } from "./plugin.ts";

/** Options of `TestHost.load`. */
export interface TestHostOptions {
  /** The plugin configuration: text or bytes as they are, anything else as JSON. Default: empty. */
  readonly config?: unknown;
  /** The VM configuration, in the same forms. */
  readonly vmConfig?: unknown;
  /** The property `plugin_root_id`. */
  readonly rootId?: string;
  /** The property `plugin_name`. */
  readonly pluginName?: string;
  /** The clusters that the filter can call, by name. */
  readonly clusters?: Readonly<Record<string, Endpoint>>;
  /** Where requests go after the filter. Default: an answer with 200 and no body. */
  readonly upstream?: Endpoint;
  /** Is told each line of the log. */
  readonly onLog?: (line: LogLine) => void;
}

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
  readonly #plugin: Plugin;
  readonly #log: Log;
  readonly #proxies: HttpProxy[] = [];

  private constructor(plugin: Plugin, log: Log) {
    this.#plugin = plugin;
    this.#log = log;
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
    const settings = {
      configuration: configurationBytes(options.config),
      vmConfiguration: configurationBytes(options.vmConfig),
      rootId: options.rootId ?? "",
      name: options.pluginName ?? "",
      clusters: new Map(clusters.map(([name, endpoint]) => [name, sender(endpoint, `cluster ${name}`)])),
      upstream: sender(options.upstream ?? (() => new Response()), "the upstream"),
    };
    return new TestHost(new Plugin(await loadModule(filter), settings, log), log);
  }

  /** The log, in order: what the filter logged, and what the host says about it. */
  get logs(): readonly LogLine[] {
    return this.#log.lines;
  }

  /** The host calls that the filter made, in order. */
  get calls(): readonly CallRecord[] {
    return this.#plugin.calls.records;
  }

  /** The size of the filter's memory, in bytes. WebAssembly's memory never shrinks: it is the most that was needed so far. */
  get memoryBytes(): number {
    return this.#plugin.memoryBytes;
  }

  /**
   * Sends a request through the filter to the upstream. Resolves when the whole response is there and the filter has seen the
   * end of the stream.
   *
   * @throws (rejects) the signal's reason, or {@link StreamResetError} when the stream ended without a response
   */
  async fetch(url: string | URL, options: FetchOptions = {}): Promise<Response> {
    const request = clientRequest(url, options);
    const method = options.method ?? "GET";
    return toWebResponse(await this.#plugin.handle(request, options.signal), method);
  }

  /** Starts an HTTP proxy in front of the upstream, for real clients. */
  async listen(options: ListenOptions = {}): Promise<HttpProxy> {
    const proxy = await startProxy((request, signal) => this.#plugin.handle(request, signal), options);
    this.#proxies.push(proxy);
    return proxy;
  }

  /** Ends everything: proxies, streams, calls, and the filter itself. */
  async close(): Promise<void> {
    await this.#plugin.close(new StreamResetError("the test host was closed"));
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
