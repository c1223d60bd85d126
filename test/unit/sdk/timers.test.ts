import { beforeEach, expect, test } from "vitest";

import { fakeShim } from "./fake-shim.ts";

let tick: (pluginId: number) => void = () => undefined;
let time = 0;
const periods: number[] = [];

fakeShim["handle"] = (_event: string, listener: typeof tick) => {
  tick = listener;
};
fakeShim["get_plugin_id"] = () => 1;
fakeShim["proxy_set_effective_context"] = () => undefined;
fakeShim["proxy_set_tick_period_milliseconds"] = (period: number) => void periods.push(period);
fakeShim["get_monotonic_time"] = () => time;

const { every, setTimeout } = await import("../../../src/sdk/timers.ts");
const { forgetPlugin } = await import("../../../src/sdk/plugin-events.ts");

/** What has run. */
const ran: string[] = [];
const run = (name: string) => () => void ran.push(name);

beforeEach(() => {
  forgetPlugin(1);
  time = 1000.6;
  ran.length = 0;
  periods.length = 0;
});

test("the host is asked for just the period, though its clock has fractions", () => {
  every(100, run("a"));
  expect(periods).toEqual([100]);
  time += 100.2;
  tick(1);
  expect(ran).toEqual(["a"]);
  expect(periods.at(-1)).toBe(100);
});

test("a tick counts, even if it is a little early by the other clock", () => {
  every(100, run("a"));
  time += 99.1;
  tick(1);
  expect(ran).toEqual(["a"]);
});

test("the tick of one timer runs no other one", () => {
  every(100, run("a"));
  setTimeout(run("b"), 30);
  expect(periods.at(-1)).toBe(30);
  time += 30;
  tick(1);
  expect(ran).toEqual(["b"]);
  expect(periods.at(-1)).toBe(70);
  tick(1);
  expect(ran).toEqual(["b", "a"]);
});

test("a tick that is left over from timers that are gone runs nothing", () => {
  every(100, run("a"));
  forgetPlugin(1);
  tick(1);
  expect(ran).toEqual([]);
  expect(periods.at(-1)).toBe(0);
});
