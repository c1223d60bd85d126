import { connect } from "node:net";

import { afterAll, beforeAll, expect, test } from "vitest";

import { buildTestFilter } from "../build-filter.ts";
import type { BuiltModule } from "../build-filter.ts";
import { startFilter } from "./filter.ts";

let built: BuiltModule;

beforeAll(async () => {
  built = await buildTestFilter("headers");
}, 60_000);

afterAll(() => built[Symbol.asyncDispose]());

/** Sends a request as bytes, and gives the answer as bytes: fetch would change or refuse some headers. */
async function raw(origin: string, lines: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  socket.write(
    Buffer.from(["GET /raw HTTP/1.1", "host: a", "connection: close", ...lines, "", ""].join("\r\n"), "latin1"),
  );
  const chunks: Buffer[] = [];
  for await (const chunk of socket) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("latin1");
}

test("are read with all their values, and without looking at the case", async () => {
  await using filter = await startFilter(built.wasm);
  await raw(filter.url, ["x-do: read", "x-twice: one", "X-Twice: two"]);
  const [line = ""] = await filter.envoy.waitForFilterLog(/"get"/);
  expect(JSON.parse(line.replace("[info] ", ""))).toMatchObject({
    get: "one, two",
    getAll: ["one", "two"],
    has: [true, false],
    none: [null, []],
    pseudo: ["GET", "a", "/raw"],
  });
});

test("are set, added, removed; method and path as well", async () => {
  await using filter = await startFilter(built.wasm);
  await raw(filter.url, ["x-do: change", "x-twice: one", "x-twice: two", "x-gone: here"]);
  expect(filter.upstream.requests).toMatchObject([
    { method: "PUT", path: "/changed", headers: { "x-twice": "once", "x-more": "1, 2" } },
  ]);
  expect(filter.upstream.requests[0]?.headers).not.toHaveProperty("x-gone");
});

test("are replaced, all of them", async () => {
  await using filter = await startFilter(built.wasm);
  await raw(filter.url, ["x-do: replace", "x-other: 1"]);
  const [request] = filter.upstream.requests;
  expect(request?.headers).toMatchObject({ host: "a", "x-only": "this" });
  expect(request?.headers).not.toHaveProperty("x-other");
});

test("a thousand are no trouble", async () => {
  await using filter = await startFilter(built.wasm);
  const answer = await raw(filter.url, ["x-do: many"]);
  expect(Number(/x-sum: (\d+)/.exec(answer)?.[1])).toBeGreaterThan(1000);
  await filter.envoy.waitForFilterLog(/now 1000/);
});

test("a wrong name, value or phase is refused before the host sees it, and says why", async () => {
  await using filter = await startFilter(built.wasm);
  await raw(filter.url, ["x-do: misuse"]);
  const lines = await filter.envoy.waitForFilterLog(/Error: /, 7);
  expect(lines).toEqual([
    "[info] TypeError: invalid header name: it is empty",
    ...Array.from(
      { length: 2 },
      () => expect.stringContaining("invalid header name: a name holds letters, digits and -_.!#$%&") as string,
    ),
    ...Array.from(
      { length: 2 },
      () => expect.stringContaining("invalid header value: it has a line break or a zero byte at index 4") as string,
    ),
    expect.stringContaining("a byte string cannot hold the character U+20AC at index 0") as string,
    expect.stringContaining("HostError: proxy_replace_header_map_value: BadArgument (2)") as string,
  ]);
});

/** What HTTP/1.1 lets through: everything but the controls. */
const BYTES = Array.from({ length: 256 }, (_, byte) => byte).filter(
  (byte) => (byte >= 0x20 && byte !== 0x7f) || byte === 9,
);

test("each byte of a value comes through unchanged, in both directions", async () => {
  const text = `|${String.fromCharCode(...BYTES)}|`;
  await using filter = await startFilter(built.wasm, {
    answer: (request, response) => {
      response.setHeader("x-bytes", request.headers["x-long-back"] ?? "");
      response.end();
    },
  });
  const answer = await raw(filter.url, ["x-do: long", `x-long: ${text}`]);
  expect(filter.upstream.requests[0]?.headers["x-long-back"]).toBe(text);
  expect(/x-back: (.*)\r\n/.exec(answer)?.[1]).toBe(text);
});

test("a long value comes through unchanged", async () => {
  await using filter = await startFilter(built.wasm, { maxRequestHeadersKb: 256 });
  const text = "0123456789abcdef".repeat(4096);
  await raw(filter.url, ["x-do: long", `x-long: ${text}`]);
  expect(filter.upstream.requests[0]?.headers["x-long-back"]).toBe(text);
});

test("of a stream that has ended throw, and touch no other stream", async () => {
  await using filter = await startFilter(built.wasm);
  await raw(filter.url, ["x-do: keep"]);
  await raw(filter.url, ["x-do: use-kept"]);
  await filter.envoy.waitForFilterLog(/StreamEndedError: the stream has ended/);
  await filter.envoy.waitForFilterLog(/\[info\] true/);
  expect(filter.upstream.requests[1]?.headers).not.toHaveProperty("x");
});
