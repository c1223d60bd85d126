import { expect, test } from "vitest";

import { calls, load, statuses } from "./helpers.ts";
import { call } from "./tiny-module.ts";
import type { Step } from "./tiny-module.ts";

// The statuses and ids were measured in Envoy 1.40.

const define = (metric_type: number, name: string): Step => call("proxy_define_metric", { metric_type, name });
const increment = (metric_id: number, offset: number): Step => call("proxy_increment_metric", { metric_id, offset });
const record = (metric_id: number, value: number): Step => call("proxy_record_metric", { metric_id, value });
const get = (metric_id: number): Step => call("proxy_get_metric", { metric_id });

test("each definition has an id of its own; the same name and type are the same metric", async () => {
  await using host = await load({
    proxy_on_configure: [
      ...[define(0, "c"), define(0, "c"), define(1, "g"), define(2, "h"), define(1, "c")],
      ...[increment(4, 2), increment(8, 3), record(5, 7), record(6, 1), record(6, 2)],
    ],
  });
  expect(calls(host, "proxy_define_metric").map((define) => define["metric_id"])).toEqual([4, 8, 5, 6, 9]);
  expect(Object.fromEntries(host.metrics)).toEqual({
    c: { type: "Counter", value: 5 },
    g: { type: "Gauge", value: 7 },
    h: { type: "Histogram", values: [1, 2] },
    "c (Gauge)": { type: "Gauge", value: 0 },
  });
});

test("a counter grows only; recording on it adds", async () => {
  await using host = await load({
    proxy_on_configure: [define(0, "c"), increment(4, 0), increment(4, -1), increment(4, 2), record(4, 5), get(4)],
  });
  expect(statuses(host, "proxy_increment_metric")).toEqual(["BadArgument", "BadArgument", "Ok"]);
  expect(calls(host, "proxy_get_metric")).toMatchObject([{ value: 7n, status: "Ok" }]);
});

test("a gauge goes up and down; below zero it wraps", async () => {
  await using host = await load({
    proxy_on_configure: [define(1, "g"), increment(5, 3), increment(5, 0), increment(5, -4), get(5), record(5, 9)],
  });
  expect(statuses(host, "proxy_increment_metric")).toEqual(["Ok", "Ok", "Ok"]);
  expect(calls(host, "proxy_get_metric")).toMatchObject([{ value: 2n ** 64n - 1n }]);
  expect(host.metrics.get("g")).toEqual({ type: "Gauge", value: 9 });
});

test("a histogram cannot be read or incremented", async () => {
  await using host = await load({ proxy_on_configure: [define(2, "h"), increment(6, 1), get(6)] });
  expect([...statuses(host, "proxy_increment_metric"), ...statuses(host, "proxy_get_metric")]).toEqual([
    "BadArgument",
    "BadArgument",
  ]);
});

test("unknown ids and types are refused", async () => {
  await using host = await load({
    proxy_on_configure: [
      define(3, "x"),
      increment(100, 1),
      increment(7, 1),
      record(100, 1),
      record(7, 1),
      get(100),
      get(7),
    ],
  });
  expect(host.calls.map(({ status }) => status)).toEqual([
    ...["BadArgument", "NotFound", "BadArgument"],
    ...["NotFound", "NotFound", "NotFound", "BadArgument"],
  ]);
  expect(host.metrics.size).toBe(0);
});
