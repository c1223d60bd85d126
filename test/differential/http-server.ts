import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

import type { Framing, Pairs, ResponseHead } from "./scenario.ts";

/** Pairs of a flat list such as Node's `rawHeaders`, with names in lower case. */
export function rawPairs(flat: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < flat.length; index += 2) {
    pairs.push([(flat[index] ?? "").toLowerCase(), flat[index + 1] ?? ""]);
  }
  return pairs;
}

const CRLF = Buffer.from("\r\n");

/** A request at a server whose answer is written by hand, byte for byte. */
export class Exchange {
  readonly #request: IncomingMessage;
  readonly #onEvent: (line: string) => void;
  readonly headers: Pairs;
  #framing: Framing | undefined;
  #left = 0;
  #isAnswered = false;
  #isBroken = false;

  /** @param onEvent - is told what arrives */
  constructor(request: IncomingMessage, onEvent: (line: string) => void) {
    this.#request = request;
    this.#onEvent = onEvent;
    this.headers = rawPairs(request.rawHeaders);
    request.on("error", () => undefined);
    request.on("end", () => {
      if (request.complete) {
        onEvent(request.rawTrailers.length > 0 ? `trailers ${shownPairs(rawPairs(request.rawTrailers))}` : "end");
      }
    });
    request.socket.on("close", () => {
      if (!this.#isAnswered && !this.#isBroken) {
        this.#isBroken = true;
        onEvent("reset");
      }
    });
    request.socket.on("error", () => undefined);
  }

  /** The body, as it arrives. */
  onData(run: (data: Buffer) => void): void {
    this.#request.on("data", run);
  }

  get method(): string {
    return this.#request.method ?? "";
  }

  get path(): string {
    return this.#request.url ?? "";
  }

  /** The answer was not begun. */
  get isOpen(): boolean {
    return this.#framing === undefined && !this.#isBroken;
  }

  /** The answer was begun, and has not ended. */
  get isAnswering(): boolean {
    return this.#framing !== undefined && !this.#isAnswered && !this.#isBroken;
  }

  head({ status, headers, framing }: ResponseHead): void {
    this.#framing = framing;
    this.#left = typeof framing === "object" ? framing.length : 0;
    this.write([`HTTP/1.1 ${status} Any`, ...headers.map((pair) => pair.join(": ")), ...framingLines(framing), "", ""]);
    this.#isAnswered = framing === "none" || (typeof framing === "object" && framing.length === 0);
  }

  data(data: string): void {
    const bytes = Buffer.from(data);
    if (this.#framing === "chunked") {
      this.#request.socket.write(Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, CRLF]));
    } else {
      this.#request.socket.write(bytes);
      this.#left -= bytes.length;
      this.#isAnswered = this.#left <= 0;
    }
  }

  end(trailers: Pairs = []): void {
    this.#isAnswered = true;
    this.write(["0", ...trailers.map((pair) => pair.join(": ")), "", ""]);
  }

  write(lines: readonly string[]): void {
    this.#request.socket.write(lines.join("\r\n"), "latin1");
  }

  /** Answers with any bytes, and closes the connection. */
  raw(bytes: string): void {
    this.#isAnswered = true;
    this.#request.socket.end(bytes);
  }

  /** Breaks the connection. */
  reset(): void {
    this.#isBroken = true;
    this.#request.socket.resetAndDestroy();
  }

  close(): void {
    this.#isBroken = true;
    this.#request.socket.destroy();
  }

  /** Somebody else's words about it. */
  say(line: string): void {
    this.#onEvent(line);
  }
}

export function framingLines(framing: Framing): string[] {
  if (framing === "chunked") {
    return ["transfer-encoding: chunked"];
  }
  return framing === "none" ? [] : [`content-length: ${framing.length}`];
}

export function shownPairs(pairs: Pairs): string {
  return JSON.stringify(pairs);
}

export interface ExchangeServer extends AsyncDisposable {
  readonly url: string;
}

export async function startServer(onRequest: (request: IncomingMessage) => void): Promise<ExchangeServer> {
  const server = createServer({ maxHeaderSize: 512 * 1024, insecureHTTPParser: true }, onRequest);
  server.on("clientError", (_error, socket) => {
    socket.destroy();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
