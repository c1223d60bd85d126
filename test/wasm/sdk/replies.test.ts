import { beforeAll, expect, test } from "vitest";

import { TestHost, trailersOf, withTrailers } from "../../host/index.ts";
import type { CompiledFilter } from "../../host/index.ts";
import { buildTestFilter } from "./build.ts";

let built: CompiledFilter;

beforeAll(async () => {
  built = await buildTestFilter("replies");
}, 60_000);

async function start(config?: unknown) {
  let requests = 0;
  const host = await TestHost.load(built, {
    config,
    clusters: {
      other: async (request) => {
        const text = `${new URL(request.url).pathname.slice(1)}${await request.text()}`;
        return withTrailers(new Response(`${text}${trailersOf(request)[0]?.[1] ?? ""}`), [["x-end", "end"]]);
      },
    },
    upstream: () => {
      requests++;
      return withTrailers(new Response("upstream"), [["x-end", "upstream"]]);
    },
  });
  return { host, requests: () => requests, [Symbol.asyncDispose]: () => host.close() };
}

test.each([
  ["request headers", 0],
  ["request headers later", 0],
  ["request body", 0],
  ["request trailers", 0],
  ["response headers", 1],
  ["response headers later", 1],
])("a local reply from %s", async (where, requests) => {
  await using filter = await start();
  const trailers: [string, string][] = where.endsWith("trailers") ? [["x-a", "b"]] : [];
  const url = `http://a/${where.replaceAll(" ", "-")}`;
  const answer = await filter.host.fetch(url, { method: "POST", body: "body", trailers });
  expect([answer.status, answer.headers.get("x-where"), await answer.text()]).toEqual([418, where, `from ${where}`]);
  expect(filter.requests()).toBe(requests);
});

test("a stream is closed without an answer", async () => {
  await using filter = await start();
  await expect(filter.host.fetch("http://a/close")).rejects.toThrow();
  expect(filter.requests()).toBe(0);
});

test("calls have bodies, and answers trailers; they run side by side and one after the other", async () => {
  await using filter = await start();
  expect(await (await filter.host.fetch("http://a/calls")).text()).toBe("aa-bb-cc");
  expect(filter.host.logs.map(({ message }) => message)).toContain("answers end,end,end");
});

test("trailers wait for a call", async () => {
  await using filter = await start();
  expect(trailersOf(await filter.host.fetch("http://a/slow-trailers"))).toContainEqual(["x-called", "x"]);
});

test("a configuration may be bytes", async () => {
  await using filter = await start("a\u00e4");
  expect(await (await filter.host.fetch("http://a/config")).text()).toBe("97 195 164");
});
