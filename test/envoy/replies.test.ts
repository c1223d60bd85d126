import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { buildTestFilter } from "../build-filter.ts";
import type { BuiltModule } from "../build-filter.ts";
import { send } from "./client.ts";
import { startFilter } from "./filter.ts";
import { startUpstream } from "./upstream.ts";

let built: BuiltModule;

beforeAll(async () => {
  built = await buildTestFilter("replies");
}, 60_000);

afterAll(() => built[Symbol.asyncDispose]());

async function start(config?: unknown) {
  const other = await startUpstream((request, response) => {
    response.writeHead(200, { trailer: "x-end" });
    response.write(`${request.path.slice(1)}${request.body.toString()}${request.trailers["x-trailer"] ?? ""}`);
    response.addTrailers({ "x-end": "end" });
    response.end();
  });
  const filter = await startFilter(built.wasm, {
    config,
    clusters: { other: other.url },
    answer: (_request, response) => {
      response.writeHead(200, { trailer: "x-end" });
      response.write("upstream");
      response.addTrailers({ "x-end": "upstream" });
      response.end();
    },
  });
  const dispose = async () => {
    await filter[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
  };
  return { ...filter, other, [Symbol.asyncDispose]: dispose };
}

describe("a local reply", () => {
  test.each([
    ["request headers", 0],
    ["request headers later", 0],
    ["request body", 0],
    ["request trailers", 0],
    ["response headers", 1],
    ["response headers later", 1],
  ])("from %s", async (where, requests) => {
    await using filter = await start();
    const sent = where.endsWith("trailers") ? { trailers: { "x-a": "b" } } : {};
    const answer = await send(`${filter.url}/${where.replaceAll(" ", "-")}`, { chunks: ["body"], ...sent });
    expect(answer).toMatchObject({ status: 418, headers: { "x-where": where }, body: Buffer.from(`from ${where}`) });
    expect(filter.upstream.requests).toHaveLength(requests);
    expect((await send(`${filter.url}/other`, { chunks: ["body"] })).body.toString()).toBe("upstream");
  });

  test("tells a gRPC client its status", async () => {
    await using filter = await start();
    const answer = await send(`${filter.url}/request-headers`, { headers: { "content-type": "application/grpc" } });
    expect(answer.status).toBe(200);
    expect(answer.headers["grpc-status"] ?? answer.trailers["grpc-status"]).toBe("7");
  });
});

test("a stream is closed without an answer", async () => {
  await using filter = await start();
  await expect(fetch(`${filter.url}/close`)).rejects.toThrow();
  expect((await fetch(`${filter.url}/other`)).status).toBe(200);
  expect(filter.upstream.requests).toHaveLength(1);
});

test("calls have bodies, and answers trailers; they run side by side and one after the other", async () => {
  await using filter = await start();
  // The trailers are not there: Envoy gives the call a content-length, and HTTP/1.1 has none then.
  expect(await (await fetch(`${filter.url}/calls`)).text()).toBe("aa-bb-cc");
  expect(filter.other.requests.slice(0, 3).map(({ headers }) => headers["x-name"])).toEqual(["a", "b", "c"]);
  await filter.envoy.waitForFilterLog(/answers end,end,end/);
});

test("trailers wait for a call", async () => {
  await using filter = await start();
  const answer = await send(`${filter.url}/slow-trailers`, { headers: { te: "trailers" } });
  expect(answer.trailers).toMatchObject({ "x-end": "upstream", "x-called": "x" });
});

test("a configuration may be bytes", async () => {
  await using filter = await start("aä");
  expect(await (await fetch(`${filter.url}/config`)).text()).toBe("97 195 164");
});
