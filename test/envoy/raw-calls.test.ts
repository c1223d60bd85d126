/** The calls of the ABI that no other part of the SDK wraps, in a real Envoy. */

import { afterAll, beforeAll, expect, test } from "vitest";

import { buildModule } from "../build-filter.ts";
import { startFilter } from "./filter.ts";
import type { BuiltModule } from "../build-filter.ts";
import type { RunningFilter } from "./filter.ts";

const FILTER = `
import { defineFilter, HostError, Response } from "proxy-wasm-ts";
import type { HttpRequest } from "proxy-wasm-ts";
import {
  BufferType, LogLevel, MapType, proxy_done, proxy_get_buffer_bytes, proxy_get_buffer_status, proxy_get_current_time_nanoseconds,
  proxy_get_header_map_size, proxy_get_log_level, proxy_get_status, proxy_set_buffer_bytes,
} from "proxy-wasm-ts/hostcalls";

function failure(run: () => unknown): unknown {
  try {
    return run() ?? null;
  } catch (error) {
    return error instanceof HostError ? [error.call, error.status] : String(error);
  }
}

const actions: Record<string, (request: HttpRequest) => unknown> = {
  level: () => [proxy_get_log_level(), LogLevel.Debug],
  time: () => String(proxy_get_current_time_nanoseconds()),
  size: (request) => [
    proxy_get_header_map_size(MapType.HttpRequestHeaders),
    proxy_get_header_map_size(request.headers),
    failure(() => proxy_get_header_map_size(MapType.HttpResponseHeaders)),
    failure(() => proxy_get_header_map_size(77 as unknown as 0)),
  ],
  done: () => failure(() => proxy_done()),
  status: () => failure(() => proxy_get_status()),
  phase: () => [
    failure(() => proxy_get_buffer_status(BufferType.HttpRequestBody)),
    failure(() => proxy_get_buffer_status(BufferType.HttpCallResponseBody)),
    failure(() => proxy_set_buffer_bytes(BufferType.HttpRequestBody, 0, 0, "x")),
    failure(() => proxy_get_buffer_status(BufferType.PluginConfiguration)),
    failure(() => proxy_get_buffer_status(99 as unknown as 0)),
  ],
};

export default defineFilter({
  requestBody: "rewrite",
  onRequestHeaders(request) {
    const action = actions[request.path.slice(1)];
    return action === undefined ? undefined : new Response(JSON.stringify(action(request)));
  },
  onRequestBody() {
    const before = proxy_get_buffer_status(BufferType.HttpRequestBody);
    proxy_set_buffer_bytes(BufferType.HttpRequestBody, 0, 0, "before ");
    proxy_set_buffer_bytes(BufferType.HttpRequestBody, 1000, 0, " after");
    const middle = failure(() => proxy_set_buffer_bytes(BufferType.HttpRequestBody, 2, 1, "x"));
    const after = proxy_get_buffer_status(BufferType.HttpRequestBody);
    const text = new Uint8Array(proxy_get_buffer_bytes(BufferType.HttpRequestBody, 0, 1000)).length;
    proxy_set_buffer_bytes(BufferType.HttpRequestBody, 0, after[0], JSON.stringify([before, middle, after, text]));
  },
});
`;

let module: BuiltModule;
let filter: RunningFilter;

beforeAll(async () => {
  module = await buildModule(FILTER);
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
