import { request } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

/** What a client got: fetch shows no trailers. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly trailers: Readonly<Record<string, string | undefined>>;
}

export interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent one after the other, with a pause between them, as chunks. */
  readonly chunks?: readonly (string | Buffer)[];
  readonly pauseMs?: number;
  readonly trailers?: Readonly<Record<string, string>>;
}

/** Sends a request in chunks, with trailers, and reads the answer with its trailers. */
export async function send(url: string, sent: Sent = {}): Promise<Answer> {
  const { method = "POST", headers = {}, chunks = [], pauseMs = 20, trailers } = sent;
  const outgoing = request(url, { method, headers: trailers === undefined ? headers : { ...headers, te: "trailers" } });
  const answered = once(outgoing, "response");
  answered.catch(() => undefined);
  for (const [at, chunk] of chunks.entries()) {
    if (at > 0) {
      await sleep(pauseMs);
    }
    outgoing.write(chunk);
  }
  if (trailers !== undefined) {
    outgoing.addTrailers(trailers);
  }
  outgoing.end();
  const [incoming] = (await answered) as [import("node:http").IncomingMessage];
  const body: Buffer[] = [];
  for await (const chunk of incoming) {
    body.push(chunk as Buffer);
  }
  const { statusCode = 0, headers: received, trailers: ended } = incoming;
  return { status: statusCode, headers: received, body: Buffer.concat(body), trailers: ended };
}

/** A TCP client that sends lines and collects what comes back. */
export class TcpClient implements AsyncDisposable {
  readonly #socket;
  #received = "";
  readonly #closed: Promise<unknown>;

  constructor(origin: string) {
    const { hostname, port } = new URL(origin);
    this.#socket = connect(Number(port), hostname);
    this.#socket.on("data", (data: Buffer) => {
      this.#received += data.toString("latin1");
    });
    this.#socket.on("error", () => undefined);
    this.#closed = once(this.#socket, "close");
  }

  get received(): string {
    return this.#received;
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  end(): void {
    this.#socket.end();
  }

  async closed(): Promise<void> {
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.#closed;
  }
}
