import { setTimeout as sleep } from "node:timers/promises";

import { TestHost } from "../host/index.ts";
import type { HostedPlugin, LogLine, Recording, StreamHandle } from "../host/index.ts";
import { receivedRequest } from "../host/client-request.ts";
import { CallServer } from "./call-server.ts";
import { Inbox } from "./inbox.ts";
import { describeStep, streamOf, withOwnHeaders } from "./scenario.ts";
import type { Framing, Pairs, RequestHead, ResponseHead, Scenario, Side, Step, StepOutcome } from "./scenario.ts";
import { shownPairs } from "./http-server.ts";
import { TraceReader } from "./trace.ts";
import type { LogEntry } from "./trace.ts";
import { wireHeaders } from "./wire.ts";

/** A plugin of the module. */
export interface NodePlugin {
  readonly rootId: string;
  readonly config?: unknown;
}

/** Where streams are opened. */
type Opener = Pick<HostedPlugin, "openStream">;

/** How often nothing may happen before a step has had its effects. */
const QUIET_ROUNDS = 3;

/** A stream of the Node host, and what its ends have done and seen. */
class NodeStream {
  readonly #handle: StreamHandle;
  readonly #requestBody: BodyFraming;
  #responseBody: BodyFraming | undefined;
  #isAnswered = false;
  #seenUpstream = 0;
  #seenDownstream = 0;
  #clientLeft = false;
  #upstreamLeft = false;
  #isOver = false;

  constructor(plugin: Opener, head: RequestHead) {
    this.#handle = plugin.openStream();
    this.#requestBody = new BodyFraming(head.framing);
    const { headers } = receivedRequest({
      method: head.method,
      authority: "shop",
      path: head.path,
      headers: [...head.headers, ...framingHeader(head.framing)],
      body: new Uint8Array(),
    });
    this.#handle.requestHeaders(headers, { endOfStream: this.#requestBody.isEnd });
  }

  requestData(data: string): void {
    this.#handle.requestBody(data);
    if (this.#requestBody.add(data)) {
      this.#handle.requestBody("", { endOfStream: true });
    }
  }

  requestEnd(trailers: Pairs | undefined): void {
    if (trailers === undefined) {
      this.#handle.requestBody("", { endOfStream: true });
    } else {
      this.#handle.requestTrailers(trailers);
    }
  }

  leave(): void {
    this.#clientLeft = true;
    this.#handle.reset();
  }

  get #isOpen(): boolean {
    return this.#handle.upstream.headers !== undefined && !this.#isOver && !this.#upstreamLeft && !this.#isAnswered;
  }

  response({ status, headers, framing }: ResponseHead): string[] {
    if (!this.#isOpen || this.#responseBody !== undefined) {
      return ["skipped: the upstream has no request"];
    }
    this.#responseBody = new BodyFraming(framing);
    this.#isAnswered = this.#responseBody.isEnd;
    const all = [[":status", String(status)] as const, ...headers, ...framingHeader(framing)];
    this.#handle.responseHeaders(all, { endOfStream: this.#isAnswered });
    return [];
  }

  responseData(data: string): string[] {
    if (!this.#isOpen || this.#responseBody === undefined) {
      return ["skipped: the upstream is not answering"];
    }
    this.#handle.responseBody(data);
    if (this.#responseBody.add(data)) {
      this.responseEnd(undefined);
    }
    return [];
  }

  responseEnd(trailers: Pairs | undefined): string[] {
    if (!this.#isOpen || this.#responseBody === undefined) {
      return ["skipped: the upstream is not answering"];
    }
    this.#isAnswered = true;
    if (trailers === undefined) {
      this.#handle.responseBody("", { endOfStream: true });
    } else {
      this.#handle.responseTrailers(trailers);
    }
    return [];
  }

  upstreamLeaves(): string[] {
    if (!this.#isOpen) {
      return ["skipped: the upstream has no request"];
    }
    this.#upstreamLeft = true;
    this.#handle.upstreamReset();
    return [];
  }

  /** What has arrived at the upstream and at the client since the last look. */
  arrived(): { readonly upstream: string[]; readonly client: string[] } {
    const { upstream: up, downstream: down, isEnded, resetReason } = this.#handle;
    const upstream = newLines(up, this.#seenUpstream, (headers) => {
      const value = (name: string) => headers.find(([other]) => other === name)?.[1] ?? "";
      return `${value(":method")} ${value(":path")}`;
    });
    const client = newLines(
      down,
      this.#seenDownstream,
      (headers) => headers.find(([name]) => name === ":status")?.[1] ?? "",
    );
    this.#seenUpstream = up.parts.length;
    this.#seenDownstream = down.parts.length;
    if (isEnded && !this.#isOver) {
      this.#isOver = true;
      if (up.headers !== undefined && !this.#isAnswered && !this.#upstreamLeft) {
        upstream.push("reset");
      }
      if (resetReason !== undefined && !this.#clientLeft) {
        client.push("reset");
      }
    }
    return { upstream, client };
  }

  close(): void {
    this.#handle.close();
  }
}

/** Counts a body up to its end. */
class BodyFraming {
  #left: number | undefined;

  constructor(framing: Framing) {
    this.#left = framing === "none" ? 0 : framing === "chunked" ? undefined : framing.length;
  }

  get isEnd(): boolean {
    return this.#left === 0;
  }

  /** True: it ends with this. */
  add(data: string): boolean {
    if (this.#left !== undefined) {
      this.#left -= Buffer.byteLength(data);
    }
    return this.isEnd;
  }
}

function framingHeader(framing: Framing): Pairs {
  if (framing === "chunked") {
    return [["transfer-encoding", "chunked"]];
  }
  return framing === "none" ? [] : [["content-length", String(framing.length)]];
}

function newLines({ parts }: Recording, seen: number, start: (headers: Pairs) => string): string[] {
  const inbox = new Inbox();
  for (const part of parts.slice(seen)) {
    if ("headers" in part) {
      inbox.say(`${start(part.headers)} ${wireHeaders(part.headers)}`);
    } else if ("trailers" in part) {
      inbox.say(part.trailers.length > 0 ? `trailers ${shownPairs(part.trailers)}` : "end");
    } else {
      inbox.data(part.bytes);
    }
    if ("endOfStream" in part && part.endOfStream) {
      inbox.say("end");
    }
  }
  return inbox.take();
}

/** The Node host, driven as the codec of HTTP/1.1 drives Envoy's filters: the end of a body comes after its last part. */
export class NodeSide implements Side {
  readonly name = "Node host";
  readonly #entries: LogEntry[];
  readonly #host: TestHost;
  readonly #calls: CallServer;
  readonly #plugins: ReadonlyMap<string, Opener>;
  readonly #reader = new TraceReader();
  #streams = new Map<number, NodeStream>();

  private constructor(entries: LogEntry[], host: TestHost, calls: CallServer, plugins: ReadonlyMap<string, Opener>) {
    this.#entries = entries;
    this.#host = host;
    this.#calls = calls;
    this.#plugins = plugins;
  }

  static async start(wasm: string, plugins: Readonly<Record<string, NodePlugin>>): Promise<NodeSide> {
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
    this.#calls.reset();
    const lines = await this.#settle();
    this.#arrived();
    this.#streams.clear();
    return [...outcomes, { step: "everybody leaves", lines }];
  }

  async #perform(step: Step, pluginName: string): Promise<string[]> {
    if (step.do === "answer") {
      return this.#calls.answer(step.answer);
    }
    if (step.do === "time") {
      await this.#host.advance(step.ms);
      return [];
    }
    const id = streamOf(step);
    if (step.do === "request") {
      const plugin = this.#plugins.get(pluginName);
      if (plugin === undefined) {
        throw new Error(`there is no plugin ${pluginName}`);
      }
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

  /** Waits until nothing happens any more. */
  async #settle(): Promise<string[]> {
    let quiet = 0;
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
      return [...upstream.map((line) => `upstream ${id}: ${line}`), ...client.map((line) => `client ${id}: ${line}`)];
    });
    return [...this.#calls.take().map((line) => `called: ${line}`), ...lines];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#host[Symbol.asyncDispose]();
    await this.#calls[Symbol.asyncDispose]();
  }
}

function logEntry({ level, message }: LogLine): LogEntry {
  const isTrace = level === "trace" && /^\[(host|vm)(->|<-)(vm|host)\] /.test(message);
  return { kind: isTrace ? "trace" : "log", text: message };
}
