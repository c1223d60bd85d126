import { createServer } from "node:http2";
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";

/** One call of a method, as the server sees it. */
export interface GrpcExchange {
  /** For example "/pkg.Service/Method". */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The client's messages, as they come. */
  readonly messages: AsyncIterable<Buffer>;
  /** Sends the initial metadata; otherwise the first message does. */
  readonly start: (metadata?: Readonly<Record<string, string>>) => void;
  readonly send: (...messages: readonly (string | Uint8Array)[]) => void;
  /** Sends bytes as they are, in one DATA frame. */
  readonly sendRaw: (bytes: Uint8Array) => void;
  /** The client has cancelled, or the stream was reset in another way. */
  readonly reset: Promise<void>;
  /** Ends the HTTP/2 stream without a status. */
  readonly abort: () => void;
  /** Ends the whole connection. */
  readonly disconnect: () => void;
}

/** How a method ends: its trailers. `grpc-status` is 0 unless they say otherwise. */
export type GrpcEnd = Readonly<Record<string, string>> | undefined;
export type GrpcMethod = (exchange: GrpcExchange) => Promise<GrpcEnd>;

/** A gRPC server behind Envoy. */
export interface GrpcUpstream extends AsyncDisposable {
  /** Its origin, for example `http://127.0.0.1:40000`. */
  readonly url: string;
  /** The paths of the calls that were begun. */
  readonly calls: readonly string[];
  /** How many streams were reset by the client. */
  readonly resets: readonly string[];
}

/** Starts a gRPC server on a free port. @param methods - by path; other paths are UNIMPLEMENTED */
export async function startGrpcUpstream(methods: Readonly<Record<string, GrpcMethod>>): Promise<GrpcUpstream> {
  const calls: string[] = [];
  const resets: string[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
    session.on("error", () => undefined);
  });
  server.on("stream", (stream, headers) => {
    const path = headers[":path"] ?? "";
    calls.push(path);
    stream.on("error", () => undefined);
    stream.on("close", () => {
      if (stream.rstCode !== 0) {
        resets.push(path);
      }
    });
    void answer(stream, headers, methods[path]);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    resets,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        for (const session of sessions) {
          session.destroy();
        }
      }),
  };
}

async function answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, method: GrpcMethod | undefined) {
  const reset = new Promise<void>((resolve) => {
    stream.on("close", resolve);
  });
  const start = (metadata: Readonly<Record<string, string>> = {}) => {
    if (!stream.headersSent && !stream.closed) {
      stream.respond({ ":status": 200, "content-type": "application/grpc", ...metadata }, { waitForTrailers: true });
    }
  };
  const sendRaw = (bytes: Uint8Array) => {
    start();
    if (!stream.closed) {
      stream.write(bytes);
    }
  };
  const exchange: GrpcExchange = {
    path: headers[":path"] ?? "",
    headers,
    messages: readMessages(stream),
    start,
    send: (...messages) => {
      sendRaw(Buffer.concat(messages.map(frame)));
    },
    sendRaw,
    reset,
    abort: () => {
      stream.close(2);
    },
    disconnect: () => {
      stream.session?.destroy();
    },
  };
  const end = await (method ?? unimplemented)(exchange);
  if (stream.closed || stream.destroyed) {
    return;
  }
  const trailers = { "grpc-status": "0", ...end };
  if (!stream.headersSent) {
    stream.respond({ ":status": 200, "content-type": "application/grpc", ...trailers }, { endStream: true });
    return;
  }
  stream.on("wantTrailers", () => {
    stream.sendTrailers(trailers);
  });
  stream.end();
}

const unimplemented: GrpcMethod = () => Promise.resolve({ "grpc-status": "12", "grpc-message": "no such method" });

/** A message as gRPC sends it: a flag for compression, and its length. */
export function frame(message: string | Uint8Array): Buffer {
  const bytes = Buffer.from(message);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

async function* readMessages(stream: ServerHttp2Stream): AsyncGenerator<Buffer> {
  let held = Buffer.alloc(0);
  for await (const chunk of stream) {
    held = Buffer.concat([held, chunk as Buffer]);
    while (held.length >= 5 && held.length >= 5 + held.readUInt32BE(1)) {
      const end = 5 + held.readUInt32BE(1);
      yield held.subarray(5, end);
      held = held.subarray(end);
    }
  }
}

/** All messages of an exchange. */
export async function all(messages: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const list: Buffer[] = [];
  for await (const message of messages) {
    list.push(message);
  }
  return list;
}
