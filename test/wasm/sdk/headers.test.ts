import { beforeAll, expect, test } from "vitest";

import { TestHost } from "../../host/index.ts";
import type { CompiledFilter } from "../../host/index.ts";
import { buildTestFilter } from "./build.ts";

let built: CompiledFilter;

beforeAll(async () => {
  built = await buildTestFilter("headers");
}, 60_000);

/** Sends a request's headers, and says what the filter let pass and logged. */
async function run(...headers: [string, string][]) {
  await using host = await TestHost.load(built);
  const stream = host.openStream();
  const pseudo: [string, string][] = [
    [":method", "GET"],
    [":path", "/raw"],
    [":authority", "a"],
    [":scheme", "http"],
  ];
  const { upstream, downstream } = stream.requestHeaders([...pseudo, ...headers], { endOfStream: true });
  const received = stream.upstream.headers ?? [];
  stream.responseHeaders([[":status", "200"], ...headers.filter(([name]) => name === "x-bytes")], {
    endOfStream: true,
  });
  const lines = host.logs.map(({ message }) => message);
  return { lines, received, upstream, downstream, sent: stream.downstream.headers ?? [] };
}

test("are read with all their values, and without looking at the case", async () => {
  const { lines } = await run(["x-do", "read"], ["x-twice", "one"], ["X-Twice", "two"]);
  expect(JSON.parse(lines[0] ?? "")).toEqual({
    get: "one, two",
    getAll: ["one", "two"],
    has: [true, false],
    none: [null, []],
    pseudo: ["GET", "a", "/raw"],
    count: 7,
  });
});

test("are set, added, removed; method and path as well", async () => {
  const { received } = await run(["x-do", "change"], ["x-twice", "one"], ["x-twice", "two"], ["x-gone", "here"]);
  expect(received).toEqual(
    expect.arrayContaining([
      [":method", "PUT"],
      [":path", "/changed"],
      ["x-twice", "once"],
      ["x-more", "1"],
      ["x-more", "2"],
    ]),
  );
  expect(received.filter(([name]) => name === "x-twice" || name === "x-gone")).toHaveLength(1);
});

test("are replaced, all of them", async () => {
  const { received } = await run(["x-do", "replace"], ["x-other", "1"]);
  expect(received.filter(([name]) => name.startsWith("x-"))).toEqual([["x-only", "this"]]);
});

test("a wrong name, value or phase is refused before the host sees it", async () => {
  const { lines } = await run(["x-do", "misuse"]);
  expect(lines.map((line) => line.split(":")[0])).toEqual([...Array<string>(6).fill("TypeError"), "HostError"]);
});

test("each byte of a value comes through unchanged, in both directions", async () => {
  const bytes = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => ![0, 10, 13].includes(byte));
  const text = String.fromCharCode(...bytes);
  const { received, sent } = await run(["x-do", "long"], ["x-long", text], ["x-bytes", text]);
  expect(received).toContainEqual(["x-long-back", text]);
  expect(sent).toContainEqual(["x-back", text]);
});

test("a value of 64 KiB comes through unchanged", async () => {
  const text = "0123456789abcdef".repeat(4096);
  const { received } = await run(["x-do", "long"], ["x-long", text]);
  expect(received).toContainEqual(["x-long-back", text]);
});
