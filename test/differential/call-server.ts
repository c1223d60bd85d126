import { Exchange, startServer } from "./http-server.ts";
import type { ExchangeServer } from "./http-server.ts";
import { Inbox, shownBytes } from "./inbox.ts";
import type { CallAnswer } from "./scenario.ts";
import { wireHeaders } from "./wire.ts";

interface OpenCall {
  readonly step: number;
  readonly path: string;
  readonly exchange: Exchange;
}

/** The cluster that filters call. Calls wait until a step answers them. */
export class CallServer implements AsyncDisposable {
  #server: ExchangeServer | undefined;
  #calls: OpenCall[] = [];
  #arrived: { readonly path: string; readonly inbox: Inbox }[] = [];
  #step = 0;
  #hasAnswered = false;
  /** Counts what happens here, to see whether something does. */
  events = 0;

  static async start(): Promise<CallServer> {
    const calls = new CallServer();
    calls.#server = await startServer((request) => {
      calls.#receive(request);
    });
    return calls;
  }

  get url(): string {
    return this.#server?.url ?? "";
  }

  #receive(request: ConstructorParameters<typeof Exchange>[0]): void {
    this.events++;
    const path = request.url ?? "";
    const inbox = new Inbox();
    this.#arrived.push({ path, inbox });
    const chunks: Buffer[] = [];
    const exchange = new Exchange(request, (line) => {
      this.events++;
      if (line === "reset") {
        this.#calls = this.#calls.filter((call) => call.exchange !== exchange);
        inbox.say(`${path}: reset`);
        return;
      }
      const body = shownBytes(Buffer.concat(chunks));
      inbox.say(`${exchange.method} ${path} ${wireHeaders(exchange.headers)} ${body} ${line}`);
      this.#calls.push({ step: this.#step, path, exchange });
    });
    exchange.onData((data) => chunks.push(data));
  }

  /** No call waits, and none was answered since the last look. */
  get isIdle(): boolean {
    return this.#calls.length === 0 && !this.#hasAnswered;
  }

  /** Answers the oldest open call; of those that began in the same step, the first by path. */
  answer(answer: CallAnswer): string[] {
    this.#calls.sort((a, b) => a.step - b.step || (a.path < b.path ? -1 : 1));
    const call = this.#calls.shift();
    if (call === undefined) {
      return ["skipped: no call is open"];
    }
    this.#hasAnswered = true;
    const { exchange, path } = call;
    if (answer === "reset") {
      exchange.reset();
    } else if ("raw" in answer) {
      exchange.raw(answer.raw);
    } else {
      const { status, headers = [], body = "", trailers } = answer;
      const framing = trailers === undefined ? { length: Buffer.byteLength(body) } : "chunked";
      exchange.head({ status, headers, framing });
      if (body !== "") {
        exchange.data(body);
      }
      if (trailers !== undefined) {
        exchange.end(trailers);
      }
    }
    return [`answers ${path}`];
  }

  /** What has arrived since the last look. */
  take(): string[] {
    this.#step++;
    this.#hasAnswered = false;
    const lines = this.#arrived.sort((a, b) => (a.path < b.path ? -1 : 1)).flatMap(({ inbox }) => inbox.take());
    return lines;
  }

  /** Forgets a scenario's calls. */
  reset(): void {
    for (const { exchange } of this.#calls) {
      exchange.close();
    }
    this.#calls = [];
    this.#arrived = [];
    this.#step = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }
}
