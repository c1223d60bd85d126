/** The load process: both upstreams and the client, so that Envoy has a core of its own. load-process.ts starts it. */

import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

import { CONNECTIONS, REQUEST_HEADERS } from "./load-messages.ts";
import type { LoadOrder, LoadReport, LoadResult } from "./load-messages.ts";

interface Counter {
  readonly url: string;
  requests: number;
}

const KEEP_ALIVE_MS = 120_000;

async function startCounter(body: string): Promise<Counter> {
  const server = createServer((message, response) => {
    counter.requests += 1;
    message.resume();
    response.end(body);
  });
  // Envoy may use a connection at the moment at which Node closes it; so Node does not.
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const counter: Counter = { url: `http://127.0.0.1:${port}`, requests: 0 };
  return counter;
}

function send(url: string, agent: Agent): Promise<number> {
  return new Promise((resolve) => {
    const message = request(url, { agent, headers: REQUEST_HEADERS }, (response) => {
      response.resume();
      response.once("end", () => {
        resolve(response.statusCode ?? 0);
      });
      response.once("error", () => {
        resolve(0);
      });
    });
    message.once("error", () => {
      resolve(0);
    });
    message.end();
  });
}

async function carryOut({ url, requests }: LoadOrder, upstream: Counter, backPython: Counter): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const before = { upstream: upstream.requests, calls: backPython.requests };
  const answers: Record<number, number> = {};
  const started = performance.now();
  let left = requests;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (left > 0) {
        left -= 1;
        const status = await send(url, agent);
        answers[status] = (answers[status] ?? 0) + 1;
      }
    }),
  );
  agent.destroy();
  return {
    milliseconds: performance.now() - started,
    answers,
    upstream: upstream.requests - before.upstream,
    calls: backPython.requests - before.calls,
  };
}

function report(message: LoadReport): void {
  process.send?.(message);
}

const upstream = await startCounter("from upstream\n");
const backPython = await startCounter("from back-python\n");
process.on("message", (order) => {
  void carryOut(order as LoadOrder, upstream, backPython).then((result) => {
    report({ kind: "done", result });
  });
});
// Whatever ends the benchmark ends this process too.
process.once("disconnect", () => process.exit());
report({ kind: "ready", upstream: upstream.url, backPython: backPython.url });
