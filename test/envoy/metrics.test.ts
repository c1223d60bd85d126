/** Metrics, in a real Envoy: what a filter reads back, and what Envoy's admin interface shows. */

import { afterAll, beforeAll, expect, test } from "vitest";

import { poll } from "../../scripts/poll.ts";
import { buildModule } from "../build-filter.ts";
import { startFilter } from "./filter.ts";
import type { BuiltModule } from "../build-filter.ts";
import type { RunningFilter } from "./filter.ts";

const FILTER = `
import { defineCounter, defineFilter, defineGauge, defineHistogram, HostError, Response } from "proxy-wasm-ts";
import {
  MetricType, proxy_define_metric, proxy_get_metric, proxy_increment_metric, proxy_record_metric,
} from "proxy-wasm-ts/hostcalls";

const plain = defineCounter("plain");
const requests = defineCounter("requests", { labels: ["method", "user"] });
const open = defineGauge("open");
const below = defineGauge("below");
const sizes = defineHistogram("sizes");
const byKind = defineGauge("by_kind", { labels: ["kind"] });

function failure(run: () => unknown): unknown {
  try {
    return run() ?? null;
  } catch (error) {
    const status = error instanceof HostError ? [error.status] : [];
    return error instanceof Error ? [error.name, error.message, ...status] : error;
  }
}

const actions: Record<string, (text: string) => unknown> = {
  counter: () => {
    plain.increment();
    plain.increment(41);
    plain.increment(0);
    return plain.value;
  },
  large: () => {
    const large = defineCounter("large");
    large.increment(2 ** 40);
    return large.value;
  },
  gauge: () => {
    open.record(10);
    open.increment(5);
    open.decrement();
    const value = open.value;
    open.record(0);
    return [value, open.value];
  },
  below: () => {
    below.decrement(3);
    return below.value;
  },
  histogram: () => {
    for (const size of [1, 10, 100]) sizes.record(size);
    return "recorded";
  },
  labels: (user) => {
    requests.with({ method: "GET", user }).increment();
    const same = requests.with({ user, method: "GET" }) === requests.with({ method: "GET", user });
    return [same, requests.with({ method: "GET", user }).name];
  },
  kinds: () => {
    byKind.with({ kind: "a" }).record(1);
    byKind.with({ kind: "b" }).record(2);
    return [byKind.with({ kind: "a" }).value, byKind.with({ kind: "b" }).value];
  },
  misuse: () => [
    failure(() => plain.increment(-1)),
    failure(() => plain.increment(1.5)),
    failure(() => plain.increment(NaN)),
    failure(() => plain.increment(2 ** 53)),
    failure(() => open.record(-1)),
    failure(() => sizes.record(Infinity)),
    failure(() => defineCounter("")),
    failure(() => defineCounter("x", { labels: ["a", "a"] })),
    failure(() => requests.with({ method: "GET" } as unknown as { method: string; user: string })),
  ],
  raw: () => {
    const counter = proxy_define_metric(MetricType.Counter, "raw");
    const histogram = proxy_define_metric(MetricType.Histogram, "raw_histogram");
    proxy_record_metric(counter, 5n);
    return [
      proxy_get_metric(counter),
      failure(() => proxy_increment_metric(counter, -1)),
      failure(() => proxy_increment_metric(counter, 0)),
      failure(() => proxy_get_metric(histogram)),
      failure(() => proxy_increment_metric(histogram, 1)),
      failure(() => proxy_get_metric(4_000_000)),
      failure(() => proxy_define_metric(9 as unknown as 0, "wrong")),
      failure(() => proxy_define_metric(MetricType.Counter, "") >= 0),
    ];
  },
};

export default defineFilter({
  onRequestHeaders(request) {
    const [name = "", text = ""] = request.path.slice(1).split("?");
    const action = actions[name];
    return action === undefined ? undefined : new Response(JSON.stringify(action(decodeURIComponent(text))));
  },
});
`;

let module: BuiltModule;
let filter: RunningFilter;

beforeAll(async () => {
  module = await buildModule(FILTER);
  filter = await startFilter(module.wasm, {
    statsTags: { method: String.raw`(method=\.=(.*?);\.;)`, user: String.raw`(user=\.=(.*?);\.;)` },
  });
});

afterAll(async () => {
  await filter[Symbol.asyncDispose]();
  await module[Symbol.asyncDispose]();
});

async function run(path: string): Promise<unknown> {
  const response = await fetch(`${filter.url}/${path}`);
  expect(response.status).toBe(200);
  return response.json();
}

/** The lines of Envoy's Prometheus endpoint for a metric. */
async function prometheus(name: string): Promise<string[]> {
  const text = await (await fetch(`${filter.envoy.admin}/stats/prometheus`)).text();
  return text.split("\n").filter((line) => line.startsWith(name));
}

test("a counter adds", async () => {
  expect(await run("counter")).toBe(42);
  expect(await filter.envoy.stat("wasmcustom.plain")).toBe(42);
  expect(await prometheus("plain")).toEqual(["plain{} 42"]);
  expect(await run("large")).toBe(2 ** 40);
});

test("a gauge goes both ways", async () => {
  expect(await run("gauge")).toEqual([14, 0]);
  expect(await filter.envoy.stat("wasmcustom.open")).toBe(0);
});

test("a gauge below zero is negative here and huge in Envoy", async () => {
  expect(await run("below")).toBe(-3);
  expect(await prometheus("below")).toEqual(["below{} 18446744073709551613"]);
});

test("a histogram has its values with the next flush", async () => {
  expect(await run("histogram")).toBe("recorded");
  const count = await poll(10_000, async () => {
    const lines = await prometheus("sizes_count");
    return lines[0] === "sizes_count{} 3" ? lines : undefined;
  });
  expect(count).toEqual(["sizes_count{} 3"]);
});

test("labels become tags, whatever their values", async () => {
  expect(await run("labels?me")).toEqual([true, "method=.=GET;.;user=.=me;.;requests"]);
  await run("labels?me");
  const odd = ["a.b", "with;.;separators=.=;", "=.=", "ends;.", ";.;.;", "method=.=POST", "ü", "..", "a b", ""];
  for (const value of odd) {
    await run(`labels?${encodeURIComponent(value)}`);
  }
  const lines = await prometheus("requests");
  expect(lines).toContain('requests{method="GET",user="me"} 2');
  expect(
    lines.every((line) => line.startsWith('requests{method="GET",user="')),
    lines.join("\n"),
  ).toBe(true);
  // Envoy itself drops what is empty between dots.
  expect(lines.map((line) => /user="(.*)"/.exec(line)?.[1]).sort()).toEqual(
    ["me", "a.b", "with;;separators==;", "==", "ends;", ";;;", "method==POST", "ü", "", "a b", "unknown"].sort(),
  );
});

test("labels without tags in the configuration are part of the name", async () => {
  expect(await run("kinds")).toEqual([1, 2]);
  expect(await prometheus("kind")).toEqual(["kind___a___by_kind{} 1", "kind___b___by_kind{} 2"]);
});

test("misuse is refused before the host hears of it", async () => {
  const range = (what: string, value: string) => [
    "RangeError",
    `${what}: a metric takes integers from 0 to 2^53 - 1, not ${value}`,
  ];
  expect(await run("misuse")).toEqual([
    range("Counter.increment", "-1"),
    range("Counter.increment", "1.5"),
    range("Counter.increment", "NaN"),
    range("Counter.increment", "9007199254740992"),
    range("Gauge.record", "-1"),
    range("Histogram.record", "Infinity"),
    ["TypeError", "defineCounter: a metric needs a name"],
    ["TypeError", expect.stringContaining('"a" cannot be a label of x')],
    ["TypeError", "the metric requests needs a string for the label user, not undefined"],
  ]);
});

test("the raw calls answer as Envoy does", async () => {
  const results = (await run("raw")) as unknown[];
  expect(results.map((result) => (Array.isArray(result) ? (result as unknown[]).at(-1) : result))).toEqual([
    5,
    2,
    2,
    2,
    2,
    1,
    2,
    true,
  ]);
});
