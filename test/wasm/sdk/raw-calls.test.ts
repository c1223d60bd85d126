import { afterAll, beforeAll, expect, test } from "vitest";

import { TestHost } from "../../host/index.ts";
import type { CompiledFilter } from "../../host/index.ts";
import { buildTestFilter } from "./build.ts";

let built: CompiledFilter;
let host: TestHost;

beforeAll(async () => {
  built = await buildTestFilter("raw-calls");
  host = await TestHost.load(built, {
    clock: "manual",
    upstream: async (request) => new Response(await request.text()),
  });
}, 60_000);

afterAll(async () => {
  await host.close();
});

const run = async (path: string): Promise<unknown> => (await host.fetch(`http://a/${path}`)).json();

test("proxy_get_log_level", async () => {
  expect(await run("level")).toEqual([expect.any(Number), 1]);
});

test("proxy_get_current_time_nanoseconds follows the host's clock", async () => {
  const before = BigInt(String(await run("time")));
  await host.advance(1500);
  expect(BigInt(String(await run("time"))) - before).toBe(1_500_000_000n);
});

test("proxy_get_header_map_size tells bytes", async () => {
  expect(await run("size")).toEqual([
    expect.any(Number),
    expect.any(Number),
    ["proxy_get_header_map_size", 2],
    ["proxy_get_header_map_size", 2],
  ]);
});

test("proxy_done and proxy_get_status out of their time", async () => {
  expect(await run("done")).toEqual(["proxy_done", 1]);
  expect(await run("status")).toEqual(expect.any(Array));
});

test("buffers outside their phase", async () => {
  const [body] = (await run("phase")) as unknown[];
  expect(body).toEqual([0, 0]);
});

test("proxy_set_buffer_bytes prepends, appends and replaces", async () => {
  const answer = await host.fetch("http://a/body", { method: "POST", body: "body" });
  expect(await answer.json()).toEqual([[4, 0], ["proxy_set_buffer_bytes", 2], [17, 0], 17]);
});
