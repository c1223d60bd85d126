import { EventEmitter, once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

import { describe, expect, test } from "vitest";

import { startEnvoy } from "./envoy.ts";
import { JUMP_FILTER, startJump } from "./jump-chain.ts";
import type { JumpChainOptions } from "./jump-chain.ts";
import { deadOrigin } from "./upstream.ts";

interface Failure extends JumpChainOptions {
  readonly name: string;
  readonly log: RegExp;
  /** What responseHeader says. */
  readonly label: string;
}

/** Each is told apart in the log, and none stops the request. */
const FAILURES: readonly Failure[] = [
  {
    name: "back-python is down",
    origin: await deadOrigin(),
    log: /^\[warn.*\] called back-python: GET \/jump -> failed: connection failed .*in \d+ ms$/,
    label: "connection-failed",
  },
  {
    name: "back-python resets the connection",
    answer: (_request, response) => void response.socket?.resetAndDestroy(),
    log: /^\[warn.*\] called back-python: GET \/jump -> failed: connection reset .*in \d+ ms$/,
    label: "connection-reset",
  },
  {
    name: "back-python stops in the middle of its answer",
    answer: (_request, response) => {
      response.writeHead(200, { "content-length": 10 }).write("abc");
      setTimeout(() => void response.socket?.resetAndDestroy(), 50);
    },
    log: /^\[warn.*\] called back-python: GET \/jump -> failed: the answer is incomplete.* in \d+ ms$/,
    label: "incomplete",
  },
  {
    name: "back-python answers 500 without a body",
    answer: (_request, response) => void response.writeHead(500).end(),
    log: /^\[warn.*\] called back-python: GET \/jump -> 500 \(not 2xx\) in \d+ ms$/,
    label: "500",
  },
  {
    // In a mesh this is what the sidecar of back-python says: it is an answer, and not this Envoy's own failure.
    name: "back-python answers 503 in Envoy's words",
    answer: (_request, response) =>
      void response
        .writeHead(503, { "content-type": "text/plain" })
        .end("upstream connect error or disconnect/reset before headers. reset reason: remote connection failure"),
    log: /^\[warn.*\] called back-python: GET \/jump -> 503 \(not 2xx\) in \d+ ms$/,
    label: "503",
  },
  {
    name: "back-python takes too long",
    config: { timeoutMs: 100 },
    answer: async (_request, response) => {
      await sleep(1000);
      response.end();
    },
    log: /^\[warn.*\] called back-python: GET \/jump -> failed: timed out after 100 ms in \d+ ms$/,
    label: "timeout",
  },
  {
    name: "the cluster has no endpoint",
    origin: null,
    log: /^\[warn.*\] called back-python: GET \/jump -> failed: no healthy upstream.* in \d+ ms$/,
    label: "unavailable",
  },
  {
    name: "the cluster is unknown",
    config: { cluster: "back-pyhton" },
    log: /^\[error\] called back-pyhton: GET \/jump -> failed: unknown cluster.* in \d+ ms$/,
    label: "unknown-cluster",
  },
];

describe.each(FAILURES)("$name", ({ log, label, config = {}, ...chainOptions }) => {
  test.each(["request", "response"])("the request goes on: %s phase", async (phase) => {
    const settings = { ...(config as object), phase, responseHeader: "x-jump-status" };
    await using chain = await startJump({ ...chainOptions, config: settings });

    for (const expectedRequests of [1, 2]) {
      const response = await fetch(`${chain.url}/jump`);

      expect(response.status).toBe(200);
      expect(await response.text()).toBe("from upstream");
      expect(response.headers.get("x-jump-status")).toBe(label);
      expect(chain.upstream.requests).toHaveLength(expectedRequests);
    }
    await expect(chain.envoy.waitForFilterLog(log, 2)).resolves.toHaveLength(2);
  });

  test("onFailure deny answers 503, and nothing goes on", async () => {
    const settings = { ...(config as object), onFailure: "deny", responseHeader: "x-jump-status" };
    await using chain = await startJump({ ...chainOptions, config: settings });

    const response = await fetch(`${chain.url}/jump`);

    expect(response.status).toBe(503);
    expect(await response.text()).toMatch(/^the call to back-\w+ failed\n$/);
    expect(response.headers.get("x-jump-status")).toBe(label);
    expect(chain.upstream.requests).toEqual([]);
    await chain.envoy.waitForFilterLog(log);
  });
});

test("onFailure deny in the response phase replaces the response", async () => {
  await using chain = await startJump({ origin: await deadOrigin(), config: { phase: "response", onFailure: "deny" } });

  const response = await fetch(`${chain.url}/jump`);

  expect(response.status).toBe(503);
  expect(await response.text()).toBe("the call to back-python failed\n");
  expect(chain.upstream.requests).toHaveLength(1);
});

test.each(["request", "response"])("the client leaves while the call is open: %s phase", async (phase) => {
  const gate = new EventEmitter();
  await using chain = await startJump({
    config: { phase },
    answer: async (request, response) => {
      if (request.path === "/jump") {
        await once(gate, "open");
      }
      response.end("late");
    },
  });
  const leaving = new AbortController();
  const left = fetch(`${chain.url}/jump`, { signal: leaving.signal });
  await expect.poll(() => chain.called.requests.length, { timeout: 5000 }).toBe(1);

  leaving.abort();
  await expect(left).rejects.toThrow();
  await expect.poll(() => chain.envoy.stat("http.ingress.downstream_rq_active"), { timeout: 5000 }).toBe(0);
  gate.emit("open");
  await chain.envoy.waitForFilterLog(/called back-python: GET \/jump -> /);

  const next = await fetch(`${chain.url}/next`);
  expect(next.status).toBe(200);
  expect(await next.text()).toBe("from upstream");
  expect(chain.called.requests.map(({ path }) => path)).toEqual(["/jump", "/next"]);
  expect(chain.envoy.logs()).not.toMatch(/uncaught|unhandled|\[critical\]|Proxy-Wasm plugin in-VM backtrace/);
});

test.each([
  { config: { timeoutMs: 0 }, reason: /timeoutMs must be an integer from 1 to \d+, not 0/ },
  { config: { phase: "body" }, reason: /phase must be "request" or "response", not "body"/ },
  { config: { cluzter: "x" }, reason: /unknown field "cluzter"; there are cluster, / },
  { config: "{", reason: /it is not JSON: / },
  { config: [], reason: /must be a JSON object/ },
])("Envoy refuses the configuration $config", async ({ config, reason }) => {
  const started = startEnvoy({ wasm: JUMP_FILTER, config, upstream: await deadOrigin() });

  await expect(started).rejects.toThrow(/the plugin configuration was refused: /);
  await expect(started).rejects.toThrow(reason);
});
