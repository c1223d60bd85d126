import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { startFilter } from "./filter.ts";
import { buildTestFilter } from "../build-filter.ts";
import type { BuiltModule } from "../build-filter.ts";
import { send } from "./client.ts";
import { startUpstream } from "./upstream.ts";
import type { Answer } from "./upstream.ts";

let bodies: BuiltModule;
let streaming: BuiltModule;
let inspecting: BuiltModule;

beforeAll(async () => {
  bodies = await buildTestFilter("bodies");
  streaming = await buildTestFilter("streaming");
  inspecting = await buildTestFilter("inspecting");
}, 60_000);

afterAll(async () => {
  await bodies[Symbol.asyncDispose]();
  await streaming[Symbol.asyncDispose]();
  await inspecting[Symbol.asyncDispose]();
});

/** An upstream that sends back what it got, in two parts, with trailers when it is asked. */
async function start(wasm: string) {
  const other = await startUpstream((request, response) => void response.end(`answer to ${request.path}`));
  const filter = await startFilter(wasm, {
    clusters: { other: other.url },
    answer: async (request, response) => {
      const trailers = request.headers["x-want-trailers"];
      response.writeHead(
        200,
        trailers === undefined ? { "content-length": String(request.body.length) } : { trailer: "x-end" },
      );
      response.write(request.body.subarray(0, 3));
      await new Promise((resolve) => setTimeout(resolve, 10));
      response.write(request.body.subarray(3));
      if (trailers !== undefined) {
        response.addTrailers({ "x-end": "upstream" });
      }
      response.end();
    },
  });
  const dispose = async () => {
    await filter[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
  };
  return { ...filter, other, [Symbol.asyncDispose]: dispose };
}

describe("a whole body", () => {
  test("is given to the hook once, however it arrives, and may get another length", async () => {
    await using filter = await start(bodies.wasm);
    const answer = await send(`${filter.url}/upper`, { chunks: ["one ", "two ", "three"] });
    expect(answer).toMatchObject({ status: 200, body: Buffer.from("<ONE TWO THREE>") });
    expect(filter.upstream.requests[0]?.body.toString()).toBe("ONE TWO THREE");
    expect(filter.upstream.requests[0]?.headers, "the old length is gone").not.toHaveProperty("content-length");
    await filter.envoy.waitForFilterLog(/request body: 13 bytes, ended true/);
    await filter.envoy.waitForFilterLog(/body after the end: TypeError TypeError/);
  });

  test("has a length in the headers' hook that the upstream is not told", async () => {
    await using filter = await start(bodies.wasm);
    await send(`${filter.url}/upper`, { chunks: ["three"], headers: { "content-length": "5" } });
    await filter.envoy.waitForFilterLog(/told length: 5$/);
    expect(filter.upstream.requests[0]?.body.toString()).toBe("THREE");
    expect(filter.upstream.requests[0]?.headers).not.toHaveProperty("content-length");
  });

  test("is rewritten as JSON, emptied, doubled", async () => {
    await using filter = await start(bodies.wasm);
    await send(`${filter.url}/json`, { chunks: ['{"a":1}'], headers: { "content-length": "7" } });
    await send(`${filter.url}/empty`, { chunks: ["something"] });
    await send(`${filter.url}/double`, { chunks: ["ab"] });
    expect(filter.upstream.requests.map(({ body }) => body.toString())).toEqual(['{"a":1,"added":true}', "", "abab"]);
  });

  test("waits for a call, in both directions", async () => {
    await using filter = await start(bodies.wasm);
    await send(`${filter.url}/check`, { chunks: ["the ", "body"] });
    expect(filter.other.requests[0]?.body.toString()).toBe("the body");
    expect(filter.upstream.requests[0]?.body.toString()).toBe("the body+answer to /check");
    const answer = await send(`${filter.url}/wait-response`, { chunks: ["x"] });
    expect(answer.body.toString()).toBe("x+answer to /late");
  });

  test("may be answered, and its hook may throw, while the request is held", async () => {
    await using filter = await start(bodies.wasm);
    const denied = await send(`${filter.url}/deny`, { chunks: ["a", "b"] });
    expect([denied.status, denied.body.toString()]).toEqual([422, "<no such body>".slice(1, -1)]);
    const thrown = await send(`${filter.url}/throw`, { chunks: ["a"] });
    expect(thrown.status).toBe(500);
    expect(filter.upstream.requests).toEqual([]);
    await filter.envoy.waitForFilterLog(/uncaught error in onRequestBody: Error: a broken body hook/);
    expect((await send(`${filter.url}/other`, { chunks: ["next"] })).body.toString()).toBe("next");
  });

  test("of a response cannot become another answer: the stream is reset, and the log says why", async () => {
    await using filter = await start(bodies.wasm);
    await expect(send(`${filter.url}/late-deny`, { chunks: ["abcdef"] })).rejects.toThrow();
    await filter.envoy.waitForFilterLog(/onResponseBody cannot answer with another Response: the headers have gone on/);
    await expect(send(`${filter.url}/late-throw`, { chunks: ["abcdef"] })).rejects.toThrow();
    await filter.envoy.waitForFilterLog(/a broken response body hook/);
    expect((await send(`${filter.url}/other`, { chunks: ["next"] })).body.toString()).toBe("next");
  });

  test("is read in parts", async () => {
    await using filter = await start(bodies.wasm);
    await send(`${filter.url}/part`, { chunks: ["abcdef"] });
    await filter.envoy.waitForFilterLog(/part: bcd\|4\|0/);
  });

  test("there is none: the hook is not called", async () => {
    await using filter = await start(bodies.wasm);
    expect((await fetch(`${filter.url}/upper`)).status).toBe(200);
    await filter.envoy.waitForFilterLog(/body after the end/);
    expect(filter.envoy.filterLog().filter((line) => line.includes("request body"))).toEqual([]);
  });
});

describe("a body that the filter wants whole", () => {
  const MIB = 1024 * 1024;
  const post = (filter: { readonly url: string }, path: string, size: number) =>
    send(`${filter.url}${path}`, { chunks: [Buffer.alloc(size, "a")] });

  test("may be as long as the host's buffer", async () => {
    await using filter = await start(bodies.wasm);
    expect((await post(filter, "/same", MIB)).body).toHaveLength(MIB);
    const answer = await post(filter, "/same", MIB + 1);
    expect(answer).toMatchObject({ status: 413, body: Buffer.from("Payload Too Large") });
    expect(await post(filter, "/double", MIB / 2 + 1), "the filter makes it longer").toMatchObject({ status: 413 });
    expect(filter.upstream.requests).toHaveLength(1);
  });

  test("is reset when it is a response's, also when the filter makes it longer", async () => {
    const answer: Answer = (request, response) => {
      response.end("a".repeat(Number(request.headers["x-length"])));
    };
    await using filter = await startFilter(bodies.wasm, { answer });
    const get = (path: string, length: number) =>
      send(`${filter.url}${path}`, { method: "GET", headers: { "x-length": String(length) } });
    expect((await get("/same", MIB)).body).toHaveLength(MIB);
    await expect(get("/same", MIB + 1)).rejects.toThrow("aborted");
    // Envoy ends the stream within proxy_set_buffer_bytes: its last callbacks come while the hook runs.
    await expect(get("/upper", MIB)).rejects.toThrow("aborted");
    expect((await get("/same", 3)).body, "the VM lives").toHaveLength(3);
  });

  test("stands still when the headers have waited and it is longer than that", async () => {
    await using filter = await start(bodies.wasm);
    const outcome = post(filter, "/wait-headers", 3 * MIB).then(
      ({ status }) => status,
      () => "closed",
    );
    expect(await Promise.race([outcome, sleep(1500, "waits")])).toBe("waits");
    expect(filter.upstream.requests).toEqual([]);
  });
});

describe("trailers", () => {
  test("of both directions are read and changed, after the body's hook", async () => {
    await using filter = await start(bodies.wasm);
    const answer = await send(`${filter.url}/upper`, {
      chunks: ["abc", "def"],
      headers: { "x-want-trailers": "1" },
      trailers: { "x-from": "client" },
    });
    expect(answer.body.toString()).toBe("<ABCDEF>");
    expect(answer.trailers).toMatchObject({ "x-end": "upstream", "x-seen": "yes" });
    expect(filter.upstream.requests[0]).toMatchObject({
      body: Buffer.from("ABCDEF"),
      trailers: { "x-from": "client", "x-seen": "yes" },
    });
    await filter.envoy.waitForFilterLog(/request trailers: x-from=client/);
    await filter.envoy.waitForFilterLog(/response trailers: x-end=upstream/);
  });

  test.each(["/wait-headers", "/wait-headers-and-body"])(
    "arrive with the body while the headers wait: %s",
    async (path) => {
      await using filter = await start(bodies.wasm);
      const answer = await send(`${filter.url}${path}`, {
        headers: { "x-want-trailers": "1" },
        chunks: ["abc", "def"],
        pauseMs: 0,
        trailers: { "x-from": "client" },
      });
      expect(answer).toMatchObject({ status: 200, body: Buffer.from("<ABCDEF>"), trailers: { "x-seen": "yes" } });
      expect(filter.upstream.requests[0]?.body.toString()).toBe("ABCDEF");
      expect(filter.upstream.requests[0]?.trailers).toMatchObject({ "x-from": "client", "x-seen": "yes" });
    },
  );

  test("are added to a request that has none", async () => {
    await using filter = await start(bodies.wasm);
    await send(`${filter.url}/trailers`, { chunks: ["abc"] });
    expect(filter.upstream.requests[0]?.trailers).toMatchObject({ "x-added": "3" });
  });
});

describe("a body that streams", () => {
  test("reaches its hook part by part", async () => {
    await using filter = await start(streaming.wasm);
    const answer = await send(`${filter.url}/upper`, { chunks: ["one ", "two ", "three"] });
    expect(answer.body.toString()).toBe("ONE TWO THREE");
    expect(answer.headers["x-request-bytes"]).toBe("13");
    await filter.envoy.waitForFilterLog(/response: 13 bytes/);
  });

  test("is held back while a promise is pending, and no part is lost or given twice", async () => {
    await using filter = await start(streaming.wasm);
    const answer = await send(`${filter.url}/slow`, { chunks: ["a", "b", "c", "d"], pauseMs: 5 });
    const text = filter.upstream.requests[0]?.body.toString() ?? "";
    expect(text.replaceAll(/[[\]]/g, "")).toBe("abcd");
    expect(text).toMatch(/^(\[[a-d]+\])+$/);
    expect(answer.headers["x-request-bytes"]).toBe("4");
  });
});

describe("a body that is inspected", () => {
  test("is given part by part, and goes on as a whole", async () => {
    await using filter = await start(inspecting.wasm);
    const answer = await send(`${filter.url}/upper`, { chunks: ["one ", "two ", "and three"] });
    expect(answer.body.toString()).toBe("ONE TWO 4ND THREE");
    expect(filter.upstream.requests[0]?.body.toString()).toBe("ONE TWO AND THREE");
    await filter.envoy.waitForFilterLog(/part 2: two/);
  });

  test("may be answered before its end; nothing of it has gone on", async () => {
    await using filter = await start(inspecting.wasm);
    const answer = await send(`${filter.url}/any`, { chunks: ["good", "bad", "good", "good"] });
    expect([answer.status, answer.body.toString()]).toEqual([403, "bad"]);
    expect(filter.upstream.requests).toEqual([]);
  });

  test("waits for its hook, too", async () => {
    await using filter = await start(inspecting.wasm);
    const answer = await send(`${filter.url}/slow`, { chunks: ["a", "b", "c"], pauseMs: 5 });
    expect(answer.body.toString()).toBe("abc");
    expect((await send(`${filter.url}/slow`, { chunks: ["a", "bad"] })).status).toBe(403);
    expect(filter.upstream.requests).toHaveLength(1);
  });

  test("keeps its length", async () => {
    await using filter = await start(inspecting.wasm);
    expect((await send(`${filter.url}/longer`, { chunks: ["abc"] })).status).toBe(500);
    await filter.envoy.waitForFilterLog(/a body of another length needs the filter's option requestBody/);
  });

  test("ends with trailers", async () => {
    await using filter = await start(inspecting.wasm);
    await send(`${filter.url}/any`, { chunks: ["abc", "def"], trailers: { "x-from": "client" } });
    expect(filter.upstream.requests[0]).toMatchObject({ body: Buffer.from("abcdef"), trailers: { "x-parts": "2" } });
  });
});

test.each([0, 1, 64 * 1024, 900 * 1024])("a body of %i random bytes comes back as it was", async (size) => {
  await using filter = await start(bodies.wasm);
  const bytes = randomBytes(size);
  const answer = await send(`${filter.url}/same`, { chunks: [bytes] });
  expect(answer.body.equals(bytes)).toBe(true);
});

test("10 MiB stream through", async () => {
  await using filter = await start(streaming.wasm);
  const bytes = randomBytes(10 * 1024 * 1024);
  const answer = await send(`${filter.url}/same`, { chunks: [bytes] });
  expect(answer.body.equals(bytes)).toBe(true);
  expect(answer.headers["x-request-bytes"]).toBe(String(bytes.length));
});
