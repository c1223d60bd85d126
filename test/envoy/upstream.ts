import { createServer } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request that an upstream has seen completely. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly trailers: Readonly<Record<string, string | undefined>>;
}

/** A server behind Envoy that keeps what it was asked. */
export interface Upstream extends AsyncDisposable {
  /** Its origin, for example `http://127.0.0.1:40000`. */
  readonly url: string;
  readonly requests: readonly SeenRequest[];
}

export type Answer = (request: SeenRequest, response: ServerResponse) => void | Promise<void>;

/** Starts an upstream on a free port. @param answer - default: 200 with an empty body */
export async function startUpstream(answer: Answer = (_request, response) => void response.end()): Promise<Upstream> {
  const requests: SeenRequest[] = [];
  const server = createServer({ maxHeaderSize: 512 * 1024 }, (message, response) => {
    void read(message).then(async (request) => {
      requests.push(request);
      await answer(request, response);
    }, ignoreAbort);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/** The origin of a port that nobody listens on. */
export async function deadOrigin(): Promise<string> {
  await using upstream = await startUpstream();
  return upstream.url;
}

async function read(message: IncomingMessage): Promise<SeenRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) {
    chunks.push(chunk as Buffer);
  }
  const { method = "", url = "", headers, trailers } = message;
  return { method, path: url, headers, body: Buffer.concat(chunks), trailers };
}

/** A client that leaves in the middle of its request is part of some tests. */
function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "ECONNRESET")) {
    throw error;
  }
}
