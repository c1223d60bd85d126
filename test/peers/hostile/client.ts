import { Agent, request } from "node:http";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { once } from "node:events";

/** What a client saw: a status, or "reset", or "no answer". */
export type Seen = string;

export interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Default: a connection of its own. */
  readonly agent?: Agent;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly seen: Seen;
  readonly headers: IncomingMessage["headers"];
}

export const NO_ANSWER = "no answer";
export const RESET = "reset";

/** Sends a request, and waits for its answer's end. Header values are latin1, which is bytes. */
export async function ask(url: string, timeoutMs: number, sent: Sent = {}): Promise<Answer> {
  const { method = "GET", headers = {}, body, agent, signal } = sent;
  const patience = AbortSignal.timeout(timeoutMs);
  const signals = signal === undefined ? patience : AbortSignal.any([patience, signal]);
  try {
    const outgoing = request(url, {
      method,
      headers,
      signal: signals,
      ...(agent === undefined ? { agent: false } : { agent }),
    });
    // A server that refuses a long body closes its side: the answer is read all the same.
    outgoing.on("error", () => undefined);
    const answered = Promise.race([once(outgoing, "response"), once(outgoing, "close").then(() => [])]);
    outgoing.end(body);
    const [incoming] = (await answered) as [IncomingMessage?];
    if (incoming === undefined) {
      return { seen: patience.aborted ? NO_ANSWER : RESET, headers: {} };
    }
    incoming.resume();
    await once(incoming, "end");
    return { seen: String(incoming.statusCode), headers: incoming.headers };
  } catch {
    return { seen: patience.aborted ? NO_ANSWER : RESET, headers: {} };
  }
}

/** Sends bytes that need not be HTTP. Returns the status of what comes back. */
export async function askRaw(origin: string, bytes: string, timeoutMs: number): Promise<Seen> {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  socket.setTimeout(timeoutMs, () => socket.destroy());
  socket.on("error", () => undefined);
  let received = "";
  socket.on("data", (data: Buffer) => {
    received += data.toString("latin1");
  });
  socket.write(bytes, "latin1");
  await once(socket, "close");
  return /^HTTP\/1\.1 (\d+)/.exec(received)?.[1] ?? RESET;
}

/** Asks `count` times over a few connections. Returns the statuses that came, each with how often. */
export async function askMany(
  url: string,
  count: number,
  timeoutMs: number,
  sent: Sent = {},
): Promise<Map<Seen, number>> {
  const CONNECTIONS = 8;
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const seen = new Map<Seen, number>();
  let left = count;
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      const answer = await ask(url, timeoutMs, { ...sent, agent });
      seen.set(answer.seen, (seen.get(answer.seen) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, lane));
  agent.destroy();
  return seen;
}
