import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

import { receivedRequest, splitUrl } from "./client-request.ts";
import { TestHostError } from "./errors.ts";
import { HeaderMap } from "./header-map.ts";
import { isHopByHop, mutablePairs, pairUp, streamed } from "./http-message.ts";
import type { HttpMessage, StreamedMessage } from "./http-message.ts";

/** Where to listen. */
export interface ListenOptions {
  /** Default: 0, a free port. */
  readonly port?: number;
  /** Default: "127.0.0.1". */
  readonly address?: string;
}

/** An HTTP proxy in front of the upstream, with the filter in it. */
export interface HttpProxy extends AsyncDisposable {
  /** For example `http://127.0.0.1:40123`. */
  readonly url: string;
  /** Ends all connections. */
  readonly close: () => Promise<void>;
}

/** Passes a request through the filter. */
export type HandleRequest = (request: StreamedMessage, signal: AbortSignal) => Promise<HttpMessage>;

/** @throws TestHostError when the address cannot be listened on */
export async function startProxy(handle: HandleRequest, options: ListenOptions): Promise<HttpProxy> {
  const { port = 0, address = "127.0.0.1" } = options;
  const server = createServer((request, response) => {
    serve(handle, request, response).catch(() => {
      // The stream was reset, or the response cannot be written: the client sees the connection end.
      response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const hint = cause.code === "EADDRINUSE" ? "; it is in use, choose another port or leave it out" : "";
      reject(new TestHostError(`cannot listen on ${address}:${port}: ${cause.message}${hint}`, { cause }));
    });
    server.listen(port, address, resolve);
  });
  const { family, address: host, port: bound } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
    });
  return { url: `http://${family === "IPv6" ? `[${host}]` : host}:${bound}`, close, [Symbol.asyncDispose]: close };
}

/**
 * Answers a request of Node's HTTP server.
 *
 * @returns the status of the answer
 * @throws (rejects) when there is none, or it cannot be written
 * @internal
 */
export async function serve(
  handle: HandleRequest,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<number> {
  const gone = new AbortController();
  response.on("close", () => {
    if (!response.writableFinished) {
      gone.abort(new Error("the client closed the connection"));
    }
  });
  const answer = await handle(streamed(await receive(request)), gone.signal);
  write(answer, response);
  return Number(answer.headers.get(":status"));
}

async function receive(request: IncomingMessage): Promise<HttpMessage> {
  const body = new Uint8Array(await buffer(request));
  const trailers = new HeaderMap("trailers", pairUp(request.rawTrailers));
  // A client that uses this as its proxy sends the whole URL.
  const whole = splitUrl(request.url ?? "");
  return receivedRequest({
    method: request.method ?? "GET",
    authority: whole?.authority ?? request.headers.host ?? "",
    path: whole?.path ?? request.url ?? "/",
    headers: [...pairUp(request.rawHeaders)].filter(([name]) => name.toLowerCase() !== "host"),
    body,
    trailers: trailers.size > 0 ? trailers : undefined,
  });
}

function write({ headers, body, trailers }: HttpMessage, response: ServerResponse): void {
  const plain = [...headers].filter(([name]) => !name.startsWith(":") && !isHopByHop(name));
  const trailerPairs = [...(trailers ?? [])];
  // Trailers need chunks, and Node makes chunks when there is no length.
  const sent = trailerPairs.length > 0 ? plain.filter(([name]) => name !== "content-length") : plain;
  response.writeHead(Number(headers.get(":status")), sent.flat());
  if (trailerPairs.length > 0) {
    response.addTrailers(mutablePairs(trailerPairs));
  }
  response.end(body);
}
