/** The servers behind Envoy: they answer as they are told, well or badly, and count. */

import { EventEmitter } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { BIG_BYTES } from "./kinds.ts";
import type { Behaviour } from "./kinds.ts";

export interface Server extends AsyncDisposable {
  readonly url: string;
  /** Requests that it has seen, by kind. */
  readonly seen: Readonly<Record<string, number>>;
  /** Bytes of their bodies. */
  readonly bytes: number;
  /** Waits until the request with this id has arrived. */
  arrival(id: string): Promise<void>;
}

const SLOW_MS = 60;
const KEEP_ALIVE_MS = 600_000;

/** What "big" answers, and what is sent: text of one byte for each character, in which no two places look alike. */
export const PATTERN = Buffer.from(
  Array.from({ length: BIG_BYTES / 8 }, (_, at) => at.toString(36).padStart(8, "-")).join(""),
);

/** Starts a server that behaves as the request says. @param behaviourOf - of the upstream a header, of the other the path */
export async function startServer(behaviourOf: (request: IncomingMessage) => string | undefined): Promise<Server> {
  const seen: Record<string, number> = {};
  const arrivals = new EventEmitter();
  arrivals.setMaxListeners(0);
  let bytes = 0;
  const server = createServer((request, response) => {
    const kind = String(request.headers["x-kind"]);
    seen[kind] = (seen[kind] ?? 0) + 1;
    arrivals.emit(String(request.headers["x-id"]));
    const body: Buffer[] = [];
    const behaviour = (behaviourOf(request) ?? "ok") as Behaviour;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (behaviour === "echo") {
        body.push(chunk);
      }
    });
    request.on("error", () => undefined); // the client has left
    response.on("error", () => undefined);
    request.once("end", () => {
      answer(behaviour, request, response, Buffer.concat(body));
    });
  });
  // Envoy may use a connection at the moment at which Node closes it; so Node does not.
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    get bytes() {
      return bytes;
    },
    arrival: (id) =>
      new Promise((resolve) => {
        arrivals.once(id, resolve);
      }),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function answer(behaviour: Behaviour, request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  for (const name of ["x-id", "x-called", "x-worked"]) {
    const value = request.headers[name];
    if (value !== undefined) {
      response.setHeader(name, value);
    }
  }
  switch (behaviour) {
    case "echo":
      response.end(body);
      break;
    case "slow":
      setTimeout(() => response.end("ok"), SLOW_MS);
      break;
    case "big":
      response.end(PATTERN);
      break;
    case "never":
      break;
    case "reset":
      request.socket.resetAndDestroy();
      break;
    case "garbage":
      request.socket.end("\0\x01 no HTTP at all\r\n\r\n");
      break;
    case "cut":
      response.setHeader("content-length", 2 * BIG_BYTES);
      response.write(PATTERN.subarray(0, 1000), () => request.socket.destroy());
      break;
    case "ok":
    case "unknown":
      response.end("ok");
  }
}
