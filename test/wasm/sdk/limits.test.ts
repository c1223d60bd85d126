import { expect, test } from "vitest";

import { TestHost } from "../../host/index.ts";
import { build } from "./build.ts";

const FILTER = `
import { defineFilter, Response } from "proxy-wasm-ts";
export default defineFilter({
  limits: { openCalls: 3, timers: 2 },
  async onRequestHeaders(request, { fetch }) {
    if (request.path === "/calls") {
      const results = await Promise.allSettled([1, 2, 3, 4].map(() => fetch("/", { cluster: "other" })));
      return Response.json(results.map(({ reason }) => reason ? reason.name + ": " + reason.message : "ok"));
    }
    try {
      for (let i = 0; i < 3; i++) setTimeout(() => {}, 10_000);
    } catch (error) {
      return new Response(error.name + ": " + error.message);
    }
  },
});
`;

test("calls and timers that are open at once are limited, with errors that say so", async () => {
  await using host = await TestHost.load(await build(FILTER), { clusters: { other: () => new Response("other") } });
  const full =
    "RangeError: 3 calls are open, which is the limit (limits.openCalls): await some of them before more are started";
  expect(await (await host.fetch("http://a/calls")).json()).toEqual(["ok", "ok", "ok", full]);
  expect(await (await host.fetch("http://a/calls")).json()).toEqual(["ok", "ok", "ok", full]);
  expect(await (await host.fetch("http://a/timers")).text()).toBe(
    "RangeError: 2 timers are set, which is the limit (limits.timers): clear some of them",
  );
});

test.each([
  ["{ callbackMs: 0 }", "RangeError: defineFilter: limits.callbackMs must be an integer from 1 to 60000, not 0"],
  [
    "{ heapBytes: 2.5 }",
    "RangeError: defineFilter: limits.heapBytes must be an integer from 4194304 to 1073741824, not 2.5",
  ],
  ['{ streams: "many" }', "limits.streams must be an integer"],
  ["{ toString: 1 }", "TypeError: defineFilter: unknown limit toString; there are callbackMs, heapBytes"],
  ["null", "TypeError: defineFilter: limits must be an object"],
  ["{ stepAside: stepAside({ after: 0, withinMs: 1, action: 'deny' }) }", "stepAside: after must be an integer from 1"],
  [
    "{ stepAside: stepAside({ after: 1, withinMs: 1, action: 'sleep' }) }",
    'stepAside: action must be "passThrough" or "deny"',
  ],
])("wrong limits are refused when the filter is built: %s", async (limits, message) => {
  const text = `
    import { defineFilter, stepAside } from "proxy-wasm-ts";
    export default defineFilter({ limits: ${limits}, onRequestHeaders() { void stepAside; } });
  `;
  await expect(build(text)).rejects.toThrow(message);
});
