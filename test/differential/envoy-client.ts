import { Agent, request as httpRequest } from "node:http";
import type { ClientRequest } from "node:http";

import { framingLines, rawPairs, shownPairs } from "./http-server.ts";
import { Inbox } from "./inbox.ts";
import type { Pairs, RequestHead } from "./scenario.ts";
import { wireHeaders } from "./wire.ts";

/** A client of HTTP/1.1 whose parts of a request leave one by one. */
export class Client {
  readonly inbox = new Inbox();
  /** The connection stays when the response is complete. */
  readonly #agent = new Agent({ keepAlive: true });
  readonly #request: ClientRequest;
  #isComplete = false;
  #hasLeft = false;
  #left: number;

  constructor(url: string, { method, path, headers, framing }: RequestHead) {
    const { hostname, port } = new URL(url);
    const flat = [...headers.flat(), ...framingLines(framing).flatMap((line) => line.split(": "))];
    this.#left = typeof framing === "object" ? framing.length : 0;
    this.#request = httpRequest({
      host: hostname,
      port,
      agent: this.#agent,
      method,
      path,
      headers: ["host", "shop", "connection", "keep-alive", ...flat],
    });
    this.#request.on("error", () => {
      this.#broken();
    });
    this.#request.on("close", () => {
      this.#broken();
    });
    this.#request.on("response", (response) => {
      this.inbox.say(`${response.statusCode ?? 0} ${wireHeaders(rawPairs(response.rawHeaders))}`);
      response.on("data", this.inbox.data);
      response.on("end", () => {
        this.#isComplete = true;
        const trailers = rawPairs(response.rawTrailers);
        this.inbox.say(trailers.length > 0 ? `trailers ${shownPairs(trailers)}` : "end");
      });
      response.on("error", () => {
        this.#broken();
      });
    });
    if (framing === "none" || (typeof framing === "object" && framing.length === 0)) {
      this.#request.end();
    } else {
      this.#request.write(Buffer.alloc(0)); // flushHeaders would write them as UTF-8
    }
  }

  #broken(): void {
    if (!this.#isComplete && !this.#hasLeft) {
      this.#isComplete = true;
      this.inbox.say("reset");
    }
  }

  data(data: string): void {
    if (!this.#request.destroyed) {
      this.#request.write(data);
      this.#left -= Buffer.byteLength(data);
      if (this.#left === 0) {
        this.#request.end();
      }
    }
  }

  end(trailers: Pairs = []): void {
    if (!this.#request.destroyed) {
      this.#request.addTrailers(trailers.map(([name, value]): [string, string] => [name, value]));
      this.#request.end();
    }
  }

  leave(): void {
    this.#hasLeft = true;
    this.#request.destroy();
    this.#agent.destroy();
  }
}
