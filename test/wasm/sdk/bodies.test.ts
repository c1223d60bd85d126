import { randomBytes } from "node:crypto";

import { beforeAll, describe, expect, test } from "vitest";

import { TestHost, trailersOf, withTrailers } from "../../host/index.ts";
import type { CompiledFilter } from "../../host/index.ts";
import { buildTestFilter } from "./build.ts";

let bodies: CompiledFilter;
let streaming: CompiledFilter;

beforeAll(async () => {
  bodies = await buildTestFilter("bodies");
  streaming = await buildTestFilter("streaming");
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

test.each([0, 1, 64 * 1024, 900 * 1024])("a body of %i random bytes comes back as it was", async (size) => {
  await using filter = await start(bodies);
  const bytes = randomBytes(size);
  await filter.post("/same", new Uint8Array(bytes));
  expect(filter.seen[0]?.body).toBe(bytes.toString("latin1"));
});
