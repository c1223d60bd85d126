/** The load process: both upstreams and the client, so that Envoy has a core of its own. load-process.ts starts it. */

import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

import { REQUEST_HEADERS } from "./load-messages.ts";
import type { LoadOrder, LoadReport, LoadResult } from "./load-messages.ts";
import { CALL_RESPONSE, TRAFFIC } from "./traffic.ts";
import type { Traffic } from "./traffic.ts";

interface Counter {
  readonly url: string;
  /** What it answers. */
  body: string;
  requests: number;
  bytes: number;
}

interface Answer {
  /** 0: none. */
  readonly status: number;
  readonly bytes: number;
}

const KEEP_ALIVE_MS = 120_000;

async function startCounter(body: string): Promise<Counter> {
  const server = createServer((message, response) => {
    counter.requests += 1;
    message.on("data", (chunk: Buffer) => {
      counter.bytes += chunk.length;
    });
    message.once("end", () => {
      response.end(counter.body);
    });
  });
  // Envoy may use a connection at the moment at which Node closes it; so Node does not.
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const counter: Counter = { url: `http://127.0.0.1:${port}`, body, requests: 0, bytes: 0 };
  return counter;
}

function send(origin: string, { method, path, requestBody }: Traffic, agent: Agent): Promise<Answer> {
  return new Promise((resolve) => {
    const fail = () => {
      resolve({ status: 0, bytes: 0 });
    };
    const message = request(`${origin}${path}`, { method, agent, headers: REQUEST_HEADERS }, (response) => {
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.once("end", () => {
        resolve({ status: response.statusCode ?? 0, bytes });
      });
      response.once("error", fail);
    });
    message.once("error", fail);
    message.end(requestBody);
  });
}

async function carryOut(order: LoadOrder, upstream: Counter, backPython: Counter): Promise<LoadResult> {
  const { origin, filter, requests, connections } = order;
  const traffic = TRAFFIC[filter];
  upstream.body = traffic.responseBody;
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const before = { upstream: upstream.requests, bytes: upstream.bytes, calls: backPython.requests };
  const answers: Record<number, number> = {};
  const latencies: number[] = [];
  let clientBytes = 0;
  const started = performance.now();
  let left = requests;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (left > 0) {
        left -= 1;
        const sent = performance.now();
        const { status, bytes } = await send(origin, traffic, agent);
        latencies.push(performance.now() - sent);
        answers[status] = (answers[status] ?? 0) + 1;
        clientBytes += bytes;
      }
    }),
  );
  agent.destroy();
  return {
    milliseconds: performance.now() - started,
    latencies,
    answers,
    upstream: upstream.requests - before.upstream,
    calls: backPython.requests - before.calls,
    upstreamBytes: upstream.bytes - before.bytes,
    clientBytes,
  };
}

function report(message: LoadReport): void {
  process.send?.(message);
}

const upstream = await startCounter("");
const backPython = await startCounter(CALL_RESPONSE);
process.on("message", (order) => {
  void carryOut(order as LoadOrder, upstream, backPython).then((result) => {
    report({ kind: "done", result });
  });
});
// Whatever ends the benchmark ends this process too.
process.once("disconnect", () => process.exit());
report({ kind: "ready", upstream: upstream.url, backPython: backPython.url });
