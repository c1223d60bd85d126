import type { IncomingMessage, ServerResponse } from "node:http";

import { clientRequest, inputBytes } from "./client-request.ts";
import type { BytesInput, FetchOptions } from "./client-request.ts";
import { ConnectionHandle } from "./connection-handle.ts";
import { toWebResponse } from "./endpoint.ts";
import { messageOf, StreamResetError } from "./errors.ts";
import { serve, startProxy } from "./listen.ts";
import type { HttpProxy, ListenOptions } from "./listen.ts";
import type { Machine } from "./machine.ts";
import type { Machines } from "./machines.ts";
import { configurationBytes } from "./plugin.ts";
import type { Plugin } from "./plugin.ts";
import { RequestTrace } from "./request-trace.ts";
import type { RequestSummary } from "./request-trace.ts";
import { StreamHandle } from "./stream-handle.ts";

/** What makes a plugin of the filter. */
export interface PluginOptions {
  /** The plugin configuration: text or bytes as they are, anything else as JSON. Default: empty. */
  readonly config?: unknown;
  /** The property `plugin_root_id`. */
  readonly rootId?: string;
  /** The property `plugin_name`. */
  readonly pluginName?: string;
}

/** One plugin of a host: a root context of the filter, with a configuration of its own. */
export class HostedPlugin {
  readonly #machines: Machines;
  #machine: Machine;
  #plugin: Plugin;
  /** Former configurations whose streams have not ended. */
  readonly #draining = new Set<Promise<void>>();
  readonly #proxies: HttpProxy[] = [];

  /** @internal */
  constructor(machines: Machines, options: PluginOptions) {
    this.#machines = machines;
    this.#machine = machines.next();
    this.#plugin = machines.startPlugin(this.#machine, {
      configuration: configurationBytes(options.config),
      rootId: options.rootId ?? "",
      name: options.pluginName ?? "",
    });
  }

  /** The id of its root context, as in `TestHost.calls`. */
  get contextId(): number {
    return this.#plugin.root.id;
  }

  /** In the newest VM, which may have to start. */
  get #running(): Plugin {
    const machine = this.#machines.next();
    if (machine !== this.#machine) {
      const former = this.#plugin;
      this.#machine = machine;
      this.#plugin = this.#machines.startPlugin(machine, former.settings);
      this.#retire(former);
    }
    return this.#plugin;
  }

  /** See {@link TestHost.fetch}. */
  async fetch(url: string | URL, options: FetchOptions = {}): Promise<Response> {
    const request = clientRequest(url, options);
    const method = options.method ?? "GET";
    return toWebResponse(await this.#running.handle(request, options.signal), method);
  }

  /** See {@link TestHost.openStream}. */
  openStream(): StreamHandle {
    return new StreamHandle((ends) => this.#running.openStream(ends));
  }

  /** See {@link TestHost.connect}. */
  connect(): ConnectionHandle {
    return new ConnectionHandle((ends) => this.#running.openConnection(ends));
  }

  /** See {@link TestHost.listen}. */
  async listen(options: ListenOptions = {}): Promise<HttpProxy> {
    const proxy = await startProxy((request, signal) => this.#running.handle(request, signal), options);
    this.#proxies.push(proxy);
    return proxy;
  }

  /**
   * See {@link TestHost.serve}.
   *
   * @internal
   */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<RequestSummary> {
    const start = performance.now();
    const trace = new RequestTrace();
    const { method = "GET", url: path = "/" } = request;
    let status: number | undefined;
    let reset: string | undefined;
    try {
      status = await serve((message, signal) => this.#running.handle(message, signal, trace), request, response);
    } catch (error) {
      reset = messageOf(error);
      response.destroy();
    }
    const { details, filterMilliseconds, calls } = trace;
    return { method, path, status, reset, details, milliseconds: performance.now() - start, filterMilliseconds, calls };
  }

  /** See {@link TestHost.configure}. */
  configure(config: unknown): void {
    const former = this.#running;
    const settings = { ...former.settings, configuration: configurationBytes(config) };
    this.#plugin = this.#machines.startPlugin(this.#machine, settings);
    this.#retire(former);
  }

  /** Streams that it has end with it. */
  #retire(former: Plugin): void {
    const drained = former.drain().finally(() => this.#draining.delete(drained));
    this.#draining.add(drained);
  }

  /** See {@link TestHost.callForeign}. */
  callForeign(functionId: number, data: BytesInput = ""): void {
    this.#running.callForeign(functionId, inputBytes(data));
  }

  /** Ends the plugin, and not the VM: resets its streams, and tells the filter (proxy_on_done, proxy_on_delete). */
  async close(): Promise<void> {
    const reason = new StreamResetError("the test host was closed");
    // Former configurations are other plugins of the machine by now.
    await Promise.all([this.#plugin.close(reason), ...this.#draining]);
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
  }
}
