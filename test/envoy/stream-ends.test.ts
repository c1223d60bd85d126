/** A module that does not export proxy_on_delete finds out which streams have ended (src/shim/ends.c), in a real Envoy. */

import { setTimeout as sleep } from "node:timers/promises";

import { expect, test } from "vitest";

import { buildModule } from "../build-filter.ts";
import { TcpClient } from "./client.ts";
import { startFilter } from "./filter.ts";
import { startUpstream } from "./upstream.ts";

const LIMIT = 20;

test("what clients leave behind does not count, and what is open does", async () => {
  await using module = await buildModule(`
    import { defineFilter } from "proxy-wasm-ts";
    export default defineFilter({
      limits: { streams: ${LIMIT} },
      state: () => ({ path: "" }),
      async onRequestHeaders(request, { fetch, log }) {
        request.state.path = request.path;
        if (request.path === "/never") await new Promise(() => {});
        const { status } = await fetch("/", { cluster: "slow" });
        try {
          log.info(request.state.path + " " + status);
        } catch (error) {
          log.info(error instanceof Error ? error.name : "");
        }
      },
    });`);
  await using slow = await startUpstream((_, response) => void setTimeout(() => response.end(), 300));
  await using filter = await startFilter(module.wasm, { clusters: { slow: slow.url } });
  const open = async (path: string) => {
    const before = slow.requests.length;
    const client = new TcpClient(filter.url);
    client.send(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
    await (path === "/never" ? sleep(5) : expect.poll(() => slow.requests.length).toBeGreaterThan(before));
    return client;
  };
  for (let n = 0; n < 4 * LIMIT; n++) {
    await (await open("/never"))[Symbol.asyncDispose]();
  }
  await (await open("/left"))[Symbol.asyncDispose]();
  expect(await (await fetch(`${filter.url}/stays`)).text()).toBe("");
  await filter.envoy.waitForFilterLog(/\/stays 200/);
  await filter.envoy.waitForFilterLog(/StreamEndedError/);
  const waiting = await Promise.all(Array.from({ length: LIMIT }, () => open("/never")));
  await sleep(100);
  expect(waiting.map(({ received }) => received)).toEqual(waiting.map(() => ""));
  expect((await fetch(`${filter.url}/refused`)).status).toBe(500);
  await waiting.pop()?.[Symbol.asyncDispose]();
  await expect.poll(async () => (await fetch(`${filter.url}/again`)).status).toBe(200);
  await Promise.all(waiting.map((client) => client[Symbol.asyncDispose]()));
  expect(filter.envoy.filterLog().filter((line) => line.includes("/left"))).toEqual([]);
}, 60_000);
