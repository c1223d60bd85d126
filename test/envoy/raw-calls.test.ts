/** The calls of the ABI that no other part of the SDK wraps, in a real Envoy. */

import { afterAll, beforeAll, expect, test } from "vitest";

import { buildTestFilter } from "../build-filter.ts";
import { startFilter } from "./filter.ts";
import type { BuiltModule } from "../build-filter.ts";
import type { RunningFilter } from "./filter.ts";

let module: BuiltModule;
let filter: RunningFilter;

beforeAll(async () => {
  module = await buildTestFilter("raw-calls");
  filter = await startFilter(module.wasm);
});

afterAll(async () => {
  await filter[Symbol.asyncDispose]();
  await module[Symbol.asyncDispose]();
});

async function run(path: string): Promise<unknown> {
  return (await fetch(`${filter.url}/${path}`)).json();
}

test("proxy_get_log_level", async () => {
  const [level, debug] = (await run("level")) as [number, number];
  expect(level).toBe(debug);
});

test("proxy_get_current_time_nanoseconds", async () => {
  const time = BigInt((await run("time")) as string);
  expect(Math.abs(Number(time / 1_000_000n) - Date.now())).toBeLessThan(5000);
});

test("proxy_get_header_map_size tells bytes", async () => {
  const [size, same, response, unknown] = (await run("size")) as unknown[];
  expect(size).toBeGreaterThan(100);
  expect(same).toBe(size);
  expect([response, unknown]).toEqual([
    ["proxy_get_header_map_size", 2],
    ["proxy_get_header_map_size", 2],
  ]);
});

test("proxy_done and proxy_get_status out of their time", async () => {
  expect(await run("done")).toEqual(["proxy_done", 1]);
  expect(await run("status")).toEqual([0, ""]);
});

test("buffers outside their phase", async () => {
  expect(await run("phase")).toEqual([
    [0, 0],
    ["proxy_get_buffer_status", 1],
    ["proxy_set_buffer_bytes", 2],
    ["proxy_get_buffer_status", 1],
    ["proxy_get_buffer_status", 2],
  ]);
});

test("proxy_set_buffer_bytes prepends, appends and replaces", async () => {
  await (await fetch(`${filter.url}/`, { method: "POST", body: "body" })).text();
  expect(JSON.parse(String(filter.upstream.requests.at(-1)?.body))).toEqual([
    [4, 0],
    ["proxy_set_buffer_bytes", 2],
    [17, 0],
    17,
  ]);
});
