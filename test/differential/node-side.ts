import { setTimeout as sleep } from "node:timers/promises";

import { TestHost } from "../host/index.ts";
import type { LogLine } from "../host/index.ts";
import { CallServer } from "./call-server.ts";
import { NodeConnection } from "./node-connection.ts";
import { NodeStream } from "./node-stream.ts";
import type { Opener } from "./node-stream.ts";
import { describeStep, isOfConnection, opened, performOnConnection, streamOf, withOwnHeaders } from "./scenario.ts";
import type { ComparedPlugin, Scenario, Side, Step, StepOutcome } from "./scenario.ts";
import { asksForTickAtOnce, TraceReader } from "./trace.ts";
import type { LogEntry } from "./trace.ts";

/** How often nothing may happen before a step has had its effects. */
const QUIET_ROUNDS = 3;

/** The Node host, by its streams' handles. */
export class NodeSide implements Side {
  readonly name = "Node host";
  readonly #entries: LogEntry[];
  readonly #host: TestHost;
  readonly #calls: CallServer;
  readonly #plugins: ReadonlyMap<string, Opener>;
  readonly #reader = new TraceReader();
  #streams = new Map<number, NodeStream>();
  #connection: NodeConnection | undefined;

  private constructor(entries: LogEntry[], host: TestHost, calls: CallServer, plugins: ReadonlyMap<string, Opener>) {
    this.#entries = entries;
    this.#host = host;
    this.#calls = calls;
    this.#plugins = plugins;
  }

  static async start(wasm: string, plugins: Readonly<Record<string, ComparedPlugin>>): Promise<NodeSide> {
    const entries: LogEntry[] = [];
    const calls = await CallServer.start();
    const [[firstName, first] = ["", { rootId: "" }], ...others] = Object.entries(plugins);
    const host = await TestHost.load(wasm, {
      ...first,
      vmId: "vm",
      clock: "manual",
      trace: true,
      onLog: (line) => entries.push(logEntry(line)),
      clusters: {
        other: calls.url,
        dead: "http://127.0.0.1:1",
        empty: null,
      },
    });
    const hosted = new Map<string, Opener>([[firstName, host]]);
    for (const [name, plugin] of others) {
      hosted.set(name, host.addPlugin(plugin));
    }
    return new NodeSide(entries, host, calls, hosted);
  }

  async started(): Promise<StepOutcome> {
    return { step: "start", lines: await this.#settle() };
  }

  async run({ plugin, steps }: Scenario): Promise<readonly StepOutcome[]> {
    this.#reader.startScenario();
    const outcomes: StepOutcome[] = [];
    for (const step of steps) {
      const said = await this.#perform(step, plugin);
      outcomes.push({ step: describeStep(step), lines: [...said, ...(await this.#settle()), ...this.#arrived()] });
    }
    for (const stream of this.#streams.values()) {
      stream.close();
    }
    this.#connection?.close();
    this.#calls.reset();
    const lines = await this.#settle();
    this.#arrived();
    this.#streams.clear();
    this.#connection = undefined;
    return [...outcomes, { step: "everybody leaves", lines }];
  }

  async #perform(step: Step, pluginName: string): Promise<readonly string[]> {
    if (step.do === "answer") {
      return this.#calls.answer(step.answer);
    }
    if (step.do === "time") {
      await this.#host.advance(step.ms);
      return [];
    }
    const plugin = this.#plugins.get(pluginName);
    if (plugin === undefined) {
      throw new Error(`there is no plugin ${pluginName}`);
    }
    if (step.do === "connect") {
      this.#connection = new NodeConnection(plugin);
      return [];
    }
    if (isOfConnection(step)) {
      return performOnConnection(step, opened(this.#connection));
    }
    const id = streamOf(step);
    if (step.do === "request") {
      this.#streams.set(id, new NodeStream(plugin, withOwnHeaders(step, id)));
      return [];
    }
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      throw new Error(`the scenario has no request of stream ${id} before: ${describeStep(step)}`);
    }
    switch (step.do) {
      case "request data":
        stream.requestData(step.data);
        return [];
      case "request end":
        stream.requestEnd(step.trailers);
        return [];
      case "client leaves":
        stream.leave();
        return [];
      case "response":
        return stream.response(step.head);
      case "response data":
        return stream.responseData(step.data);
      case "response end":
        return stream.responseEnd(step.trailers);
      case "upstream leaves":
        return stream.upstreamLeaves();
    }
  }

  /** The same, and what a tick brings that the module wants at once. */
  async #settle(): Promise<string[]> {
    const lines = await this.#quiet();
    if (!asksForTickAtOnce(lines)) {
      return lines;
    }
    await this.#host.advance(1);
    return [...lines, ...(await this.#quiet())];
  }

  /** Waits until nothing happens any more. Only calls to other processes take more than turns of the event loop. */
  async #quiet(): Promise<string[]> {
    await this.#host.advance(0);
    let quiet =
      this.#calls.isIdle && !this.#entries.some(({ text }) => text.includes("proxy_http_call")) ? QUIET_ROUNDS : 0;
    let before = "";
    while (quiet < QUIET_ROUNDS) {
      await this.#host.advance(0);
      await sleep(1);
      const now = `${this.#entries.length} ${this.#calls.events}`;
      quiet = now === before ? quiet + 1 : 0;
      before = now;
    }
    return this.#reader.read(this.#entries.splice(0));
  }

  #arrived(): string[] {
    const lines = [...this.#streams].flatMap(([id, stream]) => {
      const { upstream, client } = stream.arrived();
      return sides(id, upstream, client);
    });
    if (this.#connection !== undefined) {
      const { upstream, client } = this.#connection.arrived();
      lines.push(...sides(0, upstream, client));
    }
    return [...this.#calls.take().map((line) => `called: ${line}`), ...lines];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#host[Symbol.asyncDispose]();
    await this.#calls[Symbol.asyncDispose]();
  }
}

const sides = (id: number, upstream: readonly string[], client: readonly string[]): string[] => [
  ...upstream.map((line) => `upstream ${id}: ${line}`),
  ...client.map((line) => `client ${id}: ${line}`),
];

function logEntry({ level, message }: LogLine): LogEntry {
  const isTrace = level === "trace" && /^\[(host|vm)(->|<-)(vm|host)\] /.test(message);
  return { kind: isTrace ? "trace" : "log", text: message };
}
