import { afterAll, beforeAll, expect, test } from "vitest";

import { buildTestFilter } from "../build-filter.ts";
import type { BuiltModule } from "../build-filter.ts";
import { startFilter } from "./filter.ts";
import { startUpstream } from "./upstream.ts";

let built: BuiltModule;

beforeAll(async () => {
  built = await buildTestFilter("interleaved");
}, 60_000);

afterAll(() => built[Symbol.asyncDispose]());

const STREAMS = 1500;
const AT_ONCE = 50;

test(`${STREAMS} streams, ${AT_ONCE} at once, whose calls end in any order keep to themselves`, async () => {
  await using other = await startUpstream(async (request, response) => {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 8));
    response.end(request.path);
  });
  await using filter = await startFilter(built.wasm, { clusters: { other: other.url } });
  let next = 0;
  const client = async () => {
    while (next < STREAMS) {
      const id = `s${next++}`;
      const calls = next % 4;
      const abort = new AbortController();
      const leaves = next % 25 === 0;
      const answer = fetch(`${filter.url}/${id}/${calls}`, { headers: { "x-id": id }, signal: abort.signal });
      if (leaves) {
        setTimeout(() => {
          abort.abort();
        }, 3);
        await answer.then((response) => response.arrayBuffer()).catch(() => undefined);
      } else {
        expect((await answer).headers.get("x-id")).toBe(id);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  expect(filter.upstream.requests.length).toBeGreaterThan(STREAMS * 0.95);
  for (const { path, headers } of filter.upstream.requests) {
    const [, id = "", calls = ""] = path.split("/");
    const numbers = Array.from({ length: Number(calls) }, (_, call) => call);
    expect(headers["x-own"]).toBe(`${id} ${path}`);
    expect(headers["x-seen"]).toBe(numbers.map((call) => `/${id}/${call}`).join());
    expect(headers["x-mark"] ?? "").toBe(numbers.map((call) => `${id}:${call}`).join(", "));
  }
  for (const { path, headers } of other.requests) {
    expect(path.split("/")[1], "a call carries its own stream's header").toBe(headers["x-id"]);
  }
  expect(filter.envoy.filterLog().filter((line) => /error/i.test(line))).toEqual([]);
}, 60_000);
