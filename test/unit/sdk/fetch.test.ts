import { beforeEach, expect, test } from "vitest";

import { fakeShim } from "./fake-shim.ts";

const { fetchAnything: fetch } = await import("../../../src/sdk/fetch.ts");
const { FetchError } = await import("../../../src/sdk/errors.ts");

let calls: unknown[][] = [];

beforeEach(() => {
  calls = [];
  fakeShim["http_call"] = (...args) => {
    calls.push(args);
    return Promise.resolve({});
  };
});

test("a path and a cluster are enough", async () => {
  await fetch("/check", { cluster: "auth" });
  expect(calls).toEqual([["auth", "GET", "/check", "auth", undefined, undefined, undefined, 5000]]);
});

test("everything that can be said is passed on", async () => {
  await fetch("/check", {
    cluster: "auth",
    method: "POST",
    authority: "auth.example",
    headers: [
      ["x-a", "1"],
      ["x-a", "2"],
    ],
    body: "body",
    trailers: { "x-end": "1" },
    timeoutMs: 7,
  });
  expect(calls[0]?.slice(1)).toEqual([
    "POST",
    "/check",
    "auth.example",
    [
      ["x-a", "1"],
      ["x-a", "2"],
    ],
    "body",
    { "x-end": "1" },
    7,
  ]);
});

test.each([
  ["check", { cluster: "auth" }, 'fetch: the path must start with "/", and the cluster says where it goes: check'],
  ["http://auth/", { cluster: "auth" }, 'fetch: the path must start with "/"'],
  ["/", { cluster: "" }, "fetch: the option `cluster`, the name of the cluster that is called, is missing or empty"],
  ["/", { cluster: "a", timeoutMs: 0 }, "fetch: timeoutMs must be an integer from 1 to 2147483647, not 0"],
  ["/", { cluster: "a", timeoutMs: Number.NaN }, "fetch: timeoutMs must be an integer from 1 to 2147483647, not NaN"],
])("fetch(%j, %j) rejects", async (path, init, message) => {
  await expect(fetch(path, init)).rejects.toThrow(message);
  await expect(fetch(path, init)).rejects.toBeInstanceOf(TypeError);
  expect(calls).toEqual([]);
});

const RESET = "upstream connect error or disconnect/reset before headers. reset reason:";

test.each([
  [2, undefined, "unknown-cluster", "unknown cluster: the host has none of this name"],
  [10, undefined, "unavailable", "no healthy upstream, or the cluster is overloaded"],
  [12, undefined, "refused-by-host", "refused by the host"],
  [undefined, undefined, "incomplete", "the answer is incomplete: reset, or timed out in its body"],
  [undefined, "upstream request timeout", "timeout", "timed out after 9 ms"],
  [
    undefined,
    `${RESET} remote connection failure`,
    "connection-failed",
    `connection failed (${RESET} remote connection failure)`,
  ],
  [
    undefined,
    `${RESET} connection termination`,
    "connection-reset",
    `connection reset before the answer (${RESET} connection termination)`,
  ],
  [
    undefined,
    `${RESET} overflow`,
    "unavailable",
    `no healthy upstream, or the cluster is overloaded (${RESET} overflow)`,
  ],
])("FetchError of status %s and text %j", (status, text, reason, explanation) => {
  const error = new FetchError("auth", "GET", "/check", 9, status, text);
  expect(error.target).toEqual({ cluster: "auth", method: "GET", path: "/check", timeoutMs: 9 });
  expect(error.reason).toBe(reason);
  expect(error.explanation).toBe(explanation);
  expect(error.message).toBe(`fetch GET /check from cluster "auth": ${explanation}`);
});
