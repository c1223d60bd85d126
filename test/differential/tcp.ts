import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

import { Inbox } from "./inbox.ts";

/** Both ends of a TCP connection that goes through a proxy. */
export class TcpExchange {
  readonly client = new Inbox();
  readonly upstream = new Inbox();
  readonly #socket: Socket;
  #accepted: Socket | undefined;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true, allowHalfOpen: true });
    listen(this.#socket, this.client);
  }

  /** The proxy has connected to the upstream. */
  accept(socket: Socket): void {
    this.#accepted = socket;
    listen(socket, this.upstream);
  }

  clientSends(data: string): void {
    this.#socket.write(data);
  }

  /** The client has nothing more to send. */
  clientEnds(): void {
    this.#socket.end();
  }

  clientCloses(): void {
    this.#socket.removeAllListeners("close");
    this.#socket.resetAndDestroy();
  }

  /** False: there is no connection. */
  upstreamSends(data: string): boolean {
    return this.#accepted?.destroyed === false && this.#accepted.write(data);
  }

  /** False: there is no connection. */
  upstreamEnds(): boolean {
    return this.#accepted?.destroyed === false && this.#accepted.end().writableEnded;
  }

  close(): void {
    this.clientCloses();
    this.#accepted?.removeAllListeners("close");
    this.#accepted?.destroy();
  }
}

/** Whether the other side ends its data or breaks the connection, TCP tells by chance when there is nothing more to read. */
function listen(socket: Socket, inbox: Inbox): void {
  let isOver = false;
  const onEnd = () => {
    if (!isOver) {
      isOver = true;
      inbox.say("end");
    }
  };
  socket.on("data", inbox.data);
  socket.on("end", onEnd);
  socket.on("close", onEnd);
  socket.on("error", () => undefined);
}

/** An upstream of TCP. */
export interface TcpServer extends AsyncDisposable {
  readonly url: string;
}

export async function startTcpServer(onConnection: (socket: Socket) => void): Promise<TcpServer> {
  const server: Server = createServer({ noDelay: true, allowHalfOpen: true }, onConnection);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      }),
  };
}
