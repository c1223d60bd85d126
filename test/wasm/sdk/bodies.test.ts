import { randomBytes } from "node:crypto";

import { beforeAll, describe, expect, test } from "vitest";

import { TestHost, trailersOf, withTrailers } from "../../host/index.ts";
import type { CompiledFilter } from "../../host/index.ts";
import { buildTestFilter } from "./build.ts";

let bodies: CompiledFilter;
let streaming: CompiledFilter;
let inspecting: CompiledFilter;

beforeAll(async () => {
  bodies = await buildTestFilter("bodies");
  streaming = await buildTestFilter("streaming");
  inspecting = await buildTestFilter("inspecting");
}, 60_000);

/** A host whose upstream sends back what it got. */
async function start(filter: CompiledFilter) {
  const seen: { body: string; trailers: (readonly [string, string])[]; length: string | null }[] = [];
  const host = await TestHost.load(filter, {
    clusters: { other: (request) => new Response(`answer to ${new URL(request.url).pathname}`) },
    upstream: async (request) => {
      const bytes = new Uint8Array(await request.arrayBuffer());
      const length = request.headers.get("content-length");
      seen.push({ body: new TextDecoder("latin1").decode(bytes), trailers: [...trailersOf(request)], length });
      const response = new Response(bytes);
      return request.headers.has("x-want-trailers") ? withTrailers(response, [["x-end", "upstream"]]) : response;
    },
  });
  const post = async (path: string, body: string | Uint8Array | string[], more: object = {}) => {
    const response = await host.fetch(`http://a${path}`, { method: "POST", body, ...more });
    return { status: response.status, text: await response.text(), trailers: [...trailersOf(response)] };
  };
  return { host, seen, post, [Symbol.asyncDispose]: () => host.close() };
}

const lines = (host: TestHost) => host.logs.map(({ message }) => message);

describe("a whole body", () => {
  test("is given to the hook once, however it arrives, and may get another length", async () => {
    await using filter = await start(bodies);
    expect((await filter.post("/upper", ["one ", "two ", "three"])).text).toBe("<ONE TWO THREE>");
    expect(filter.seen).toMatchObject([{ body: "ONE TWO THREE", length: null }]);
    expect(lines(filter.host)).toContain("request body: 13 bytes, ended true");
    expect(lines(filter.host)).toContain("body after the end: TypeError TypeError");
  });

  test("has a length in the headers' hook that the upstream is not told", async () => {
    await using filter = await start(bodies);
    await filter.post("/upper", "three", { headers: { "content-length": "5" } });
    expect(lines(filter.host)).toContain("told length: 5");
    expect(filter.seen).toMatchObject([{ body: "THREE", length: null }]);
  });

  test("waits for a call, in both directions", async () => {
    await using filter = await start(bodies);
    expect((await filter.post("/check", ["the ", "body"])).text).toBe("the body+answer to /check");
    expect((await filter.post("/wait-response", "x")).text).toBe("x+answer to /late");
  });

  test("may be answered, and its hook may throw, while the request is held", async () => {
    await using filter = await start(bodies);
    expect(await filter.post("/deny", ["a", "b"])).toMatchObject({ status: 422, text: "no such body" });
    expect((await filter.post("/throw", "a")).status).toBe(500);
    expect(filter.seen).toEqual([]);
    expect((await filter.post("/other", "next")).text).toBe("next");
  });

  test("of a response cannot become another answer: the stream is reset, and the log says why", async () => {
    await using filter = await start(bodies);
    await expect(filter.post("/late-deny", "abcdef")).rejects.toThrow();
    expect(lines(filter.host).join("\n")).toContain("onResponseBody cannot answer with another Response");
    await expect(filter.post("/late-throw", "abcdef")).rejects.toThrow();
    expect((await filter.post("/other", "next")).text).toBe("next");
  });

  test("is read in parts", async () => {
    await using filter = await start(bodies);
    await filter.post("/part", "abcdef");
    expect(lines(filter.host)).toContain("part: bcd|4|0");
  });
});

describe("a body that the filter wants whole", () => {
  const MIB = 1024 * 1024;

  test("may be as long as the host's buffer", async () => {
    await using filter = await start(bodies);
    expect((await filter.post("/same", "a".repeat(MIB))).text).toHaveLength(MIB);
    const answer = await filter.post("/same", "a".repeat(MIB + 1));
    expect(answer).toMatchObject({ status: 413, text: "Payload Too Large" });
    expect(await filter.post("/double", "a".repeat(MIB / 2 + 1)), "the filter makes it longer").toMatchObject({
      status: 413,
    });
    expect(filter.seen).toHaveLength(1);
  });

  test("is reset when it is a response's", async () => {
    const upstream = (request: Request) => new Response("a".repeat(Number(request.headers.get("x-length"))));
    await using host = await TestHost.load(bodies, { upstream, bufferLimit: 1000 });
    const get = async (length: string) =>
      (await host.fetch("http://a/same", { headers: { "x-length": length } })).text();
    expect(await get("1000")).toHaveLength(1000);
    await expect(get("1001")).rejects.toThrow("more of the response's body than the buffer limit");
  });

  test("stands still in Envoy when the headers have waited and it is longer than that: the log says so", async () => {
    await using host = await TestHost.load(bodies, { clusters: { other: () => new Response() }, bufferLimit: 1000 });
    const stream = host.openStream();
    stream.requestHeaders({ ":method": "POST", ":path": "/wait-headers" });
    stream.requestBody("a".repeat(1000));
    expect(stream.backpressure).toEqual({ request: false, response: false });
    stream.requestBody("b");
    expect(stream.backpressure).toEqual({ request: true, response: false });
    await host.advance(0);
    expect(lines(host).join("\n")).toContain("Envoy 1.40 reads no more of it and answers nothing");
    expect(stream.upstream.text).toBe("");
  });
});

describe("trailers", () => {
  test("of both directions are read and changed, after the body's hook", async () => {
    await using filter = await start(bodies);
    const more = { headers: { "x-want-trailers": "1" }, trailers: [["x-from", "client"]] };
    const answer = await filter.post("/upper", ["abc", "def"], more);
    expect(answer.text).toBe("<ABCDEF>");
    expect(answer.trailers).toEqual([
      ["x-end", "upstream"],
      ["x-seen", "yes"],
    ]);
    expect(filter.seen).toMatchObject([
      {
        body: "ABCDEF",
        trailers: [
          ["x-from", "client"],
          ["x-seen", "yes"],
        ],
      },
    ]);
  });

  test.each(["/wait-headers", "/wait-headers-and-body"])(
    "arrive with the body while the headers wait: %s",
    async (path) => {
      await using filter = await start(bodies);
      const more = { headers: { "x-want-trailers": "1" }, trailers: [["x-from", "client"]] };
      const answer = await filter.post(path, ["abc", "def"], more);
      expect(answer.text).toBe("<ABCDEF>");
      expect(answer.trailers).toEqual([
        ["x-end", "upstream"],
        ["x-seen", "yes"],
      ]);
      expect(filter.seen[0]).toMatchObject({ body: "ABCDEF" });
      expect(filter.seen[0]?.trailers).toEqual([
        ["x-from", "client"],
        ["x-seen", "yes"],
      ]);
      expect(lines(filter.host).filter((line) => line.startsWith("request trailers"))).toHaveLength(1);
      expect(lines(filter.host).join("\n")).not.toContain("Envoy 1.40 loses the body");
    },
  );

  test("are added to a request that has none", async () => {
    await using filter = await start(bodies);
    await filter.post("/trailers", "abc");
    expect(filter.seen[0]?.trailers).toContainEqual(["x-added", "3"]);
  });
});

describe("a body that streams", () => {
  test("reaches its hook part by part", async () => {
    await using filter = await start(streaming);
    expect((await filter.post("/upper", ["one ", "two ", "three"])).text).toBe("ONE TWO THREE");
    expect(lines(filter.host)).toContain("response: 13 bytes");
  });

  test("is held back while a promise is pending, and no part is lost or given twice", async () => {
    await using filter = await start(streaming);
    const { text } = await filter.post("/slow", ["a", "b", "c", "d"]);
    expect(text.replaceAll(/[[\]]/g, "")).toBe("abcd");
  });
});

describe("a body that is inspected", () => {
  test("is given part by part, and goes on as a whole", async () => {
    await using filter = await start(inspecting);
    expect((await filter.post("/upper", ["one ", "two ", "and three"])).text).toBe("ONE TWO 4ND THREE");
    expect(filter.seen).toMatchObject([{ body: "ONE TWO AND THREE" }]);
    expect(lines(filter.host)).toContain("part 2: two , ended false");
  });

  test("may be answered before its end; nothing of it has gone on", async () => {
    await using filter = await start(inspecting);
    expect(await filter.post("/any", ["good", "bad", "good"])).toMatchObject({ status: 403, text: "bad" });
    expect(filter.seen).toEqual([]);
    expect(lines(filter.host).filter((line) => line.startsWith("part"))).toEqual([
      "part 1: good, ended false",
      "part 2: bad, ended false",
    ]);
  });

  test("waits for its hook, too", async () => {
    await using filter = await start(inspecting);
    expect((await filter.post("/slow", ["a", "b", "c"])).text).toBe("abc");
    expect((await filter.post("/slow", ["a", "bad"])).status).toBe(403);
    expect(filter.seen).toHaveLength(1);
  });

  test("keeps its length", async () => {
    await using filter = await start(inspecting);
    expect((await filter.post("/longer", "abc")).status).toBe(500);
    expect(lines(filter.host).join("\n")).toContain("a body of another length needs the filter's option requestBody");
  });

  test("ends with trailers", async () => {
    await using filter = await start(inspecting);
    await filter.post("/any", ["abc", "def"], { trailers: [["x-from", "client"]] });
    expect(filter.seen[0]).toMatchObject({ body: "abcdef" });
    expect(filter.seen[0]?.trailers).toContainEqual(["x-parts", "2"]);
  });
});

test.each([0, 1, 64 * 1024, 900 * 1024])("a body of %i random bytes comes back as it was", async (size) => {
  await using filter = await start(bodies);
  const bytes = randomBytes(size);
  await filter.post("/same", new Uint8Array(bytes));
  expect(filter.seen[0]?.body).toBe(bytes.toString("latin1"));
});
