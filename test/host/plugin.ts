import { setMaxListeners } from "node:events";

import { textToBytes } from "./byte-string.ts";
import { CallLog } from "./call-log.ts";
import { RootContext } from "./context.ts";
import type { Context } from "./context.ts";
import type { Sender } from "./endpoint.ts";
import { TestHostError } from "./errors.ts";
import { makeHostCalls } from "./host-calls.ts";
import { HttpCalls } from "./http-calls.ts";
import type { HttpMessage } from "./http-message.ts";
import { hostCallImports } from "./imports.ts";
import type { Log } from "./log.ts";
import { WASI_MODULES } from "./module.ts";
import { HttpStream } from "./stream.ts";
import { Vm } from "./vm.ts";
import { wasiImports } from "./wasi.ts";
import type { WasmModule } from "./wasm-api.ts";

export interface PluginSettings {
  readonly configuration: Uint8Array;
  readonly vmConfiguration: Uint8Array;
  readonly rootId: string;
  readonly name: string;
  readonly clusters: ReadonlyMap<string, Sender>;
  readonly upstream: Sender;
}

const ROOT_ID = 1;

/** A module with one plugin configuration, in a VM of its own, and the streams that pass through it. */
export class Plugin {
  readonly calls = new CallLog();
  readonly #log: Log;
  readonly #settings: PluginSettings;
  readonly #vm: Vm;
  readonly #root: RootContext;
  readonly #contexts = new Map<number, Context>();
  readonly #streams = new Map<HttpStream, Promise<HttpMessage>>();
  readonly #closed = new AbortController();
  #nextContextId = ROOT_ID + 1;

  /** @throws TestHostError when the filter refuses to start, with its log */
  constructor(module: WasmModule, settings: PluginSettings, log: Log) {
    this.#log = log;
    this.#settings = settings;
    setMaxListeners(0, this.#closed.signal); // each call listens
    const properties = new Map([
      ["plugin_root_id", settings.rootId],
      ["plugin_name", settings.name],
    ]);
    this.#root = new RootContext(ROOT_ID, settings.vmConfiguration, properties);
    this.#contexts.set(ROOT_ID, this.#root);
    this.#vm = new Vm(log, () => {
      for (const stream of this.#streams.keys()) {
        stream.fail();
      }
    });
    const calls = new HttpCalls(this.#vm, this.#root, settings.clusters, this.#closed.signal);
    const targets = { vm: this.#vm, log, root: this.#root, calls, contexts: this.#contexts };
    const wasi = wasiImports(this.#vm, log);
    this.#vm.instantiate(module, {
      env: hostCallImports(this.#vm, makeHostCalls(targets), this.calls),
      ...Object.fromEntries(WASI_MODULES.map((name) => [name, wasi])),
    });
    this.#start();
  }

  #start(): void {
    const { configuration, vmConfiguration } = this.#settings;
    // Envoy has the configuration at hand while the context is created, too.
    this.#root.pluginConfiguration = configuration;
    this.#vm.call("proxy_on_context_create", ROOT_ID, 0);
    this.#root.pluginConfiguration = undefined;
    this.#accept("proxy_on_vm_start", this.#vm.call("proxy_on_vm_start", ROOT_ID, vmConfiguration.length));
    this.#root.pluginConfiguration = configuration;
    this.#accept("proxy_on_configure", this.#vm.call("proxy_on_configure", ROOT_ID, configuration.length));
    this.#root.pluginConfiguration = undefined;
  }

  #accept(callback: string, result: number | undefined): void {
    if (this.#vm.failed || result === 0) {
      const reason = this.#vm.failed ? "the module broke in its first callbacks" : `${callback} returned false`;
      throw new TestHostError(
        `the filter did not start: ${reason}. Its log:\n${this.#log.lines.length > 0 ? String(this.#log) : "(nothing)"}`,
      );
    }
  }

  get memoryBytes(): number {
    return this.#vm.memory.size;
  }

  /** @throws (rejects) the signal's reason, or a StreamResetError: the request has ended without a response */
  async handle(request: HttpMessage, signal: AbortSignal | undefined): Promise<HttpMessage> {
    if (this.#closed.signal.aborted) {
      throw new TestHostError("the test host is closed");
    }
    signal?.throwIfAborted();
    const stream = new HttpStream(this.#nextContextId++, this.#vm, this.#root, request);
    // Later, because it may be the filter's own log line that somebody aborts on, and the filter must not be entered twice.
    const onAbort = () => {
      queueMicrotask(() => {
        stream.reset(signal?.reason as Error);
      });
    };
    signal?.addEventListener("abort", onAbort);
    this.#contexts.set(stream.id, stream);
    // Later, so that this stream is among the others when its first callback breaks the module.
    const response = Promise.resolve().then(() => stream.run(this.#settings.upstream));
    this.#streams.set(stream, response);
    try {
      return await response;
    } finally {
      signal?.removeEventListener("abort", onAbort);
      this.#streams.delete(stream);
      this.#contexts.delete(stream.id);
    }
  }

  /** Resets the streams, forgets the calls, and tells the module that it ends. */
  async close(reason: Error): Promise<void> {
    if (this.#closed.signal.aborted) {
      return;
    }
    this.#closed.abort(reason);
    for (const stream of this.#streams.keys()) {
      stream.reset(reason);
    }
    await Promise.allSettled(this.#streams.values());
    this.#vm.call("proxy_on_done", ROOT_ID);
    this.#vm.call("proxy_on_delete", ROOT_ID);
  }
}

/** A configuration as bytes: text and bytes as they are, everything else as JSON. */
export function configurationBytes(configuration: unknown): Uint8Array {
  if (configuration === undefined) {
    return new Uint8Array();
  }
  if (configuration instanceof Uint8Array) {
    return configuration.slice();
  }
  return textToBytes(typeof configuration === "string" ? configuration : JSON.stringify(configuration));
}
