import { setMaxListeners } from "node:events";

import { textToBytes } from "./byte-string.ts";
import { RootContext } from "./context.ts";
import { drive } from "./drive.ts";
import { TestHostError } from "./errors.ts";
import { GrpcCalls } from "./grpc.ts";
import { HttpCalls } from "./http-calls.ts";
import type { HttpMessage, StreamedMessage } from "./http-message.ts";
import type { Machine } from "./machine.ts";
import { Connection } from "./network.ts";
import type { ConnectionEnds } from "./network.ts";
import type { RequestTrace } from "./request-trace.ts";
import { HttpStream } from "./stream.ts";
import type { StreamEnds } from "./stream.ts";

export interface PluginSettings {
  readonly configuration: Uint8Array;
  readonly rootId: string;
  readonly name: string;
}

/** After which time, in real time, a paused stream is suspicious. */
const STUCK_MS = 1000;

/** How long a plugin whose proxy_on_done returned false has, in real time, to call proxy_done. */
const DONE_MS = 1000;

/** A plugin configuration in a VM: its root context, its calls, and the streams and connections that pass through it. */
export class Plugin {
  readonly root: RootContext;
  readonly settings: PluginSettings;
  readonly calls: HttpCalls;
  readonly grpc: GrpcCalls;
  readonly #machine: Machine;
  readonly #streams = new Map<HttpStream | Connection, Promise<void>>();
  readonly #ended = new AbortController();
  #isEnding = false;
  #end: Promise<void> | undefined;
  #onDone: (() => void) | undefined;

  constructor(machine: Machine, settings: PluginSettings) {
    this.#machine = machine;
    this.settings = settings;
    const { vmId, vmConfiguration, clock, clusters, grpc } = machine.settings;
    const { rootId, name } = settings;
    const { signal } = this.#ended;
    setMaxListeners(0, signal); // each call listens
    this.root = new RootContext(machine.nextContextId(), { name, rootId, vmId, vmConfiguration });
    const callouts = { vm: machine.vm, clock, ids: machine.callouts, clusters, traces: machine.traces };
    this.calls = new HttpCalls(callouts, this.root, machine.log, signal);
    this.grpc = new GrpcCalls(callouts, grpc, this.root, machine.log, signal);
  }

  /** @throws TestHostError when the filter refuses to start, with its log */
  start(): void {
    const { vm, settings } = this.#machine;
    const { root } = this;
    this.#machine.addPlugin(this);
    const { configuration } = this.settings;
    try {
      // Envoy has the configuration at hand while the context is created, too.
      root.pluginConfiguration = configuration;
      vm.call("proxy_on_context_create", root.id, 0);
      root.pluginConfiguration = undefined;
      this.#accept("proxy_on_vm_start", vm.call("proxy_on_vm_start", root.id, settings.vmConfiguration.length));
      root.pluginConfiguration = configuration;
      this.#accept("proxy_on_configure", vm.call("proxy_on_configure", root.id, configuration.length));
    } catch (error) {
      this.drop();
      throw error;
    } finally {
      root.pluginConfiguration = undefined;
    }
  }

  #accept(callback: string, result: number | undefined): void {
    const { vm, log } = this.#machine;
    if (vm.failed || result === 0) {
      const reason = vm.failed ? "the module broke in its first callbacks" : `${callback} returned false`;
      throw new TestHostError(
        `the filter did not start: ${reason}. Its log:\n${log.lines.length > 0 ? String(log) : "(nothing)"}`,
      );
    }
  }

  /**
   * @param trace - is told what the filter does for the request
   * @throws (rejects) the signal's reason, or a StreamResetError: the request has ended without a response
   */
  async handle(request: StreamedMessage, signal?: AbortSignal, trace?: RequestTrace): Promise<HttpMessage> {
    this.#checkOpen();
    signal?.throwIfAborted();
    const { upstream: send, clock } = this.#machine.settings;
    let stream: HttpStream | undefined;
    const timer = setTimeout(() => {
      if (stream?.isPaused === true && this.#machine.isIdle) {
        this.#machine.log.add(
          "warn",
          `the stream of context ${stream.id} has been paused for a second, and the filter has no call, timer or tick under way that ` +
            "could let it go on: does a hook await a promise that nothing settles, or is proxy_continue_stream missing?",
        );
      }
    }, STUCK_MS);
    timer.unref();
    const open = (ends: StreamEnds) => (stream = this.openStream(ends, trace));
    return drive(open, request, { send, clock, signal }).finally(() => {
      clearTimeout(timer);
    });
  }

  openStream(ends: StreamEnds, trace?: RequestTrace): HttpStream {
    this.#checkOpen();
    const { vm, settings } = this.#machine;
    const { clock, allowOnHeadersStopIteration, failurePolicy, bufferLimit } = settings;
    const connectionId = this.#machine.nextConnectionId();
    let onEnd: () => void = () => undefined;
    const { traces } = this.#machine;
    const ended = (reset: Error | undefined) => {
      this.#machine.remove(stream);
      if (trace !== undefined) {
        trace.details = stream.codeDetails ?? "";
        traces.remove(stream.id);
      }
      this.#streams.delete(stream);
      ends.ended(reset);
      onEnd();
    };
    const stream = new HttpStream(
      this.#machine.nextContextId(),
      vm,
      this.root,
      { ...ends, ended },
      {
        clock,
        connectionId,
        allowOnHeadersStopIteration,
        failurePolicy,
        bufferLimit,
        warn: (message) => {
          this.#machine.log.add("warn", message);
        },
      },
    );
    this.#machine.add(stream);
    if (trace !== undefined) {
      traces.add(stream.id, trace);
    }
    this.#streams.set(stream, new Promise((resolve) => (onEnd = resolve)));
    return stream;
  }

  openConnection(ends: ConnectionEnds): Connection {
    this.#checkOpen();
    const { vm, settings } = this.#machine;
    let onEnd: () => void = () => undefined;
    const closed = () => {
      this.#machine.remove(connection);
      this.#streams.delete(connection);
      ends.closed();
      onEnd();
    };
    const connectionId = this.#machine.nextConnectionId();
    const where = { clock: settings.clock, connectionId, failurePolicy: settings.failurePolicy };
    const connection = new Connection(this.#machine.nextContextId(), vm, this.root, { ...ends, closed }, where);
    this.#machine.add(connection);
    this.#streams.set(connection, new Promise((resolve) => (onEnd = resolve)));
    return connection;
  }

  #checkOpen(): void {
    if (this.#isEnding) {
      throw new TestHostError("the test host is closed, or the plugin was removed; open streams before that");
    }
  }

  /** The module is broken. */
  fail(): void {
    for (const stream of this.#streams.keys()) {
      stream.fail();
    }
  }

  /** Gives the filter data under a number (proxy_on_foreign_function). */
  callForeign(functionId: number, data: Uint8Array): void {
    this.root.foreignArguments = data;
    const forget = () => {
      this.root.foreignArguments = undefined;
    };
    this.#machine.vm.callThen(forget, "proxy_on_foreign_function", this.root.id, functionId, data.length);
  }

  /** The filter says that it has finished (proxy_done). False: nobody waits for that. */
  done(): boolean {
    const onDone = this.#onDone;
    this.#onDone = undefined;
    onDone?.();
    return onDone !== undefined;
  }

  /** Lets no more streams in, and ends when the last one has ended. */
  async drain(): Promise<void> {
    this.#isEnding = true;
    await Promise.all(this.#streams.values());
    await (this.#end ??= this.#finish());
  }

  /** Resets the streams, and ends. */
  async close(reason: Error): Promise<void> {
    this.#isEnding = true;
    for (const stream of this.#streams.keys()) {
      if (stream instanceof HttpStream) {
        stream.reset(reason);
      } else {
        stream.fail();
      }
    }
    await (this.#end ??= this.#finish());
  }

  /** Tells the module that the plugin ends, lets it finish, and forgets its calls. */
  async #finish(): Promise<void> {
    const { vm, log } = this.#machine;
    const isDone = vm.call("proxy_on_done", this.root.id) !== 0 || vm.failed;
    if (!isDone && !(await this.#waitForDone())) {
      log.add("warn", `proxy_on_done returned false, and the filter did not call proxy_done within ${DONE_MS} ms`);
    }
    vm.call("proxy_on_delete", this.root.id);
    this.drop();
  }

  /** Ends it and its calls; the filter is told nothing. */
  drop(): void {
    this.#machine.removePlugin(this);
    this.#ended.abort(new Error("the plugin has ended"));
  }

  #waitForDone(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#onDone = undefined;
        resolve(false);
      }, DONE_MS);
      this.#onDone = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
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
