import { beforeEach, expect, test } from "vitest";

import { fakeShim } from "./fake-shim.ts";

const { defineCounter, defineGauge } = await import("../../../src/sdk/metrics.ts");

let defined: unknown[][] = [];

beforeEach(() => {
  defined = [];
  fakeShim["proxy_define_metric"] = (...args) => {
    defined.push(args);
    return defined.length;
  };
  fakeShim["proxy_increment_metric"] = () => undefined;
  fakeShim["proxy_get_metric"] = () => 3;
});

test("the host hears of a metric when it is first used, and once", () => {
  const counter = defineCounter("c");
  counter.increment(0);
  expect(defined).toEqual([]);
  counter.increment();
  counter.increment(5);
  expect(counter.value).toBe(3);
  expect(defined).toEqual([[0, "c"]]);
});

test.each([
  ["GET", "GET"],
  ["", "unknown"],
  [";.;", ";;"],
  [";.;.;", ";;;"],
  [";..;", ";..;"],
  ["=.=.=", "==="],
  ["ends with ;.", "ends with ;"],
  ["a.b;c=d", "a.b;c=d"],
])("the label value %j is written as %j", (value, written) => {
  const gauge = defineGauge("g", { labels: ["a", "b"] });
  const { name } = gauge.with({ a: value, b: "last" });
  expect(name).toBe(`a=.=${written};.;b=.=last;.;g`);
  expect(/(?:a=\.=(.*?);\.;)/.exec(name)?.[1]).toBe(written);
});

test("the same values are the same metric", () => {
  const gauge = defineGauge("g", { labels: ["a"] });
  expect(gauge.with({ a: "1" })).toBe(gauge.with({ a: "1" }));
  expect(gauge.with({ a: "1" })).not.toBe(gauge.with({ a: "2" }));
});
