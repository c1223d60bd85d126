import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";

import { cluster, listener, socketAddress, UPSTREAM } from "../../build/envoy/bootstrap.ts";
import type { ListenerSetup } from "../../build/envoy/bootstrap.ts";
import { runEnvoy } from "../envoy/envoy.ts";
import type { Envoy } from "../envoy/envoy.ts";
import { poll } from "../../scripts/poll.ts";
import { CallServer } from "./call-server.ts";
import { Client } from "./envoy-client.ts";
import { TraceLog } from "./envoy-trace.ts";
import { Exchange, startServer } from "./http-server.ts";
import type { ExchangeServer } from "./http-server.ts";
import { Inbox, unlessGivenUp } from "./inbox.ts";
import { Marker, markerListener } from "./marker.ts";
import { describeStep, isOfConnection, opened, performOnConnection, streamOf, withOwnHeaders } from "./scenario.ts";
import type { Scenario, Side, Step, StepOutcome } from "./scenario.ts";
import { startTcpServer, TcpExchange } from "./tcp.ts";
import type { TcpServer } from "./tcp.ts";
import { asksForTickAtOnce, TraceReader } from "./trace.ts";
import { wireHeaders } from "./wire.ts";

const MARKERS = "marker";
const PATIENCE_MS = 10_000;
const TURNS = 4;
/** Timers of Envoy's are late by so much at most. */
const LATE_MS = 30;

/** What one stream is between. */
interface Ends {
  readonly client: Client;
  readonly upstream: Inbox;
  exchange: Exchange | undefined;
}

/** Plugins by name, which is the listener's, too. */
export type Plugins = Readonly<Record<string, ListenerSetup>>;

/** The real Envoy, with a client and upstreams that do one thing at a time. */
export class EnvoySide implements Side {
  readonly name = "Envoy";
  readonly #log: TraceLog;
  readonly #envoy: Envoy;
  readonly #upstream: ExchangeServer | TcpServer;
  readonly #calls: CallServer;
  readonly #marker: Marker;
  readonly #reader = new TraceReader();
  #streams = new Map<number, Ends>();
  #connection: TcpExchange | undefined;

  private constructor(
    log: TraceLog,
    envoy: Envoy,
    upstream: ExchangeServer | TcpServer,
    calls: CallServer,
    marker: Marker,
  ) {
    this.#log = log;
    this.#envoy = envoy;
    this.#upstream = upstream;
    this.#calls = calls;
    this.#marker = marker;
  }

  static async start(plugins: Plugins): Promise<EnvoySide> {
    const log = new TraceLog();
    const calls = await CallServer.start();
    let onRequest: (request: IncomingMessage) => void = () => undefined;
    let onConnection: (socket: Socket) => void = () => undefined;
    const isNetwork = Object.values(plugins).some(({ kind }) => kind === "network");
    const upstream = isNetwork
      ? await startTcpServer((socket) => {
          onConnection(socket);
        })
      : await startServer((request) => {
          onRequest(request);
        });
    try {
      const envoy = await runEnvoy(config(plugins, upstream.url, calls.url), { trace: true, onLog: log.add });
      const marker = await Marker.connect(envoy.urls.get(MARKERS) ?? "");
      const side = new EnvoySide(log, envoy, upstream, calls, marker);
      onRequest = (request) => {
        side.#receive(request);
      };
      onConnection = (socket) => {
        side.#connection?.accept(socket);
      };
      return side;
    } catch (error) {
      await upstream[Symbol.asyncDispose]();
      await calls[Symbol.asyncDispose]();
      throw error;
    }
  }

  async started(): Promise<StepOutcome> {
    return { step: "start", lines: await this.#settle() };
  }

  async run({ plugin, steps }: Scenario): Promise<readonly StepOutcome[]> {
    this.#reader.startScenario();
    const outcomes: StepOutcome[] = [];
    for (const step of steps) {
      const said = await this.#perform(step, this.#envoy.urls.get(plugin) ?? "");
      outcomes.push({ step: describeStep(step), lines: [...said, ...(await this.#settle()), ...this.#arrived()] });
    }
    for (const { client, exchange } of this.#streams.values()) {
      client.leave();
      exchange?.close();
    }
    this.#connection?.close();
    this.#calls.reset();
    const lines = await this.#settle();
    this.#arrived();
    this.#streams.clear();
    this.#connection = undefined;
    return [...outcomes, { step: "everybody leaves", lines }];
  }

  get logs(): string {
    return this.#envoy.logs();
  }

  async #perform(step: Step, url: string): Promise<readonly string[]> {
    if (step.do === "answer") {
      return this.#calls.answer(step.answer);
    }
    if (step.do === "time") {
      await sleep(step.ms + LATE_MS);
      return [];
    }
    if (step.do === "connect") {
      this.#connection = new TcpExchange(url);
      return [];
    }
    if (isOfConnection(step)) {
      return performOnConnection(step, opened(this.#connection));
    }
    const id = streamOf(step);
    if (step.do === "request") {
      const client = new Client(url, withOwnHeaders(step, id));
      this.#streams.set(id, { client, upstream: new Inbox(), exchange: undefined });
      return [];
    }
    const ends = this.#streams.get(id);
    if (ends === undefined) {
      throw new Error(`the scenario has no request of stream ${id} before: ${describeStep(step)}`);
    }
    const { client, exchange } = ends;
    switch (step.do) {
      case "request data":
        client.data(step.data);
        return [];
      case "request end":
        client.end(step.trailers);
        return [];
      case "client leaves":
        client.leave();
        return [];
      case "response":
        if (exchange?.isOpen !== true) {
          return ["skipped: the upstream has no request"];
        }
        exchange.head(step.head);
        return [];
      case "response data":
        if (exchange?.isAnswering !== true) {
          return ["skipped: the upstream is not answering"];
        }
        exchange.data(step.data);
        return [];
      case "response end":
        if (exchange?.isAnswering !== true) {
          return ["skipped: the upstream is not answering"];
        }
        exchange.end(step.trailers);
        return [];
      case "upstream leaves":
        if (exchange?.isOpen !== true && exchange?.isAnswering !== true) {
          return ["skipped: the upstream has no request"];
        }
        exchange.close();
        return [];
    }
  }

  #receive(request: IncomingMessage): void {
    const ends = this.#streams.get(Number(request.headers["x-id"]));
    if (ends === undefined) {
      request.socket.destroy();
      return;
    }
    const { upstream } = ends;
    const exchange = new Exchange(request, upstream.say);
    ends.exchange = exchange;
    upstream.say(`${exchange.method} ${exchange.path} ${wireHeaders(exchange.headers)}`);
    exchange.onData(upstream.data);
  }

  /** The same, and what a tick brings that the module wants at once. */
  async #settle(): Promise<string[]> {
    const lines = await this.#quiet();
    if (!asksForTickAtOnce(lines)) {
      return lines;
    }
    await sleep(1 + LATE_MS);
    return [...lines, ...(await this.#quiet())];
  }

  /** Waits until what was done has had its effects, and returns the calls between Envoy and the module. */
  async #quiet(): Promise<string[]> {
    const mark = await this.#marker.settle();
    // What this process was sent before the mark's answer is read in the same turn of the event loop, or the next.
    for (let turn = 0; turn < TURNS; turn++) {
      await nextTurn();
    }
    const entries = await poll(PATIENCE_MS, () => this.#log.upTo(mark));
    if (entries === undefined) {
      throw new Error(`Envoy did not log in ${PATIENCE_MS} ms. Its log:\n${this.#envoy.logs().slice(-5000)}`);
    }
    return this.#reader.read(entries);
  }

  #arrived(): string[] {
    const lines = [...this.#streams].flatMap(([id, { client, upstream }]) => [
      ...unlessGivenUp(upstream.take(), upstream.isNew).map((line) => `upstream ${id}: ${line}`),
      ...client.inbox.take().map((line) => `client ${id}: ${line}`),
    ]);
    if (this.#connection !== undefined) {
      lines.push(...this.#connection.upstream.take().map((line) => `upstream 0: ${line}`));
      lines.push(...this.#connection.client.take().map((line) => `client 0: ${line}`));
    }
    return [...this.#calls.take().map((line) => `called: ${line}`), ...lines];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#marker.close();
    await this.#envoy[Symbol.asyncDispose]();
    await this.#upstream[Symbol.asyncDispose]();
    await this.#calls[Symbol.asyncDispose]();
  }
}

/** What would depend on time, and limits that scripts in headers reach. */
const QUIET = { suppressEnvoyHeaders: true, delayedCloseMs: 0, maxRequestHeadersKb: 1024 } as const;

function config(plugins: Plugins, upstream: string, calls: string): object {
  const once = { common_http_protocol_options: { max_requests_per_connection: 1 } };
  return {
    admin: { address: socketAddress("127.0.0.1", 0) },
    static_resources: {
      listeners: [
        ...Object.entries(plugins).map(([name, plugin]) => listener({ ...plugin, ...QUIET }, name)),
        markerListener(MARKERS),
      ],
      clusters: [
        cluster(UPSTREAM, upstream, {}, once),
        cluster("other", calls, {}, once),
        cluster("dead", "http://127.0.0.1:1"),
        cluster("empty", null),
      ],
    },
  };
}
