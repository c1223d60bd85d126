/** What a build does so that a module's heap has no holes: build/steps/heap-plan.ts, src/shim/plan.c. */

import { expect, test } from "vitest";

import { bundle } from "../../build/steps/bundle.ts";
import { compile } from "../../build/steps/compile.ts";
import { buildRuntime } from "../../build/steps/engine-module.ts";
import { followPlan, logAllocations, plannedEnd, readPlan } from "../../build/steps/heap-plan.ts";
import type { HeapPlan } from "../../build/steps/heap-plan.ts";
import { EngineInstance } from "../../build/wasm/instance.ts";
import { tempProject } from "../temp-project.ts";
import { logOf } from "./log-of.ts";

test("what a top level has thrown away takes no place in the module, and none in its memory", async () => {
  const garbage = `let kept = 0;
    for (let round = 0; round < 20; round++) {
      const list = Array.from({ length: 2000 }, (_, at) => ({ text: "x".repeat(at % 700), at, more: [at] }));
      kept += list.reduce((sum, { text, more }) => sum + text.length + more.length, 0);
    }`;
  const body = "log.info(String(kept));";
  const plain = await logOf(body, { top: "const kept = 0;" });
  const wasteful = await logOf(body, { top: garbage });
  expect(wasteful.pages).toBe(plain.pages);
  expect(wasteful.bytes).toBeLessThan(plain.bytes + 5000);
  expect(Number(wasteful.lines[0])).toBeGreaterThan(1e6);
});

test("what stays is there, between what does not, and memory grows behind it", async () => {
  const top = `const table = new Map<string, { at: number; text: string }>();
    for (let at = 0; at < 20_000; at++) {
      const garbage = Array.from({ length: at % 7 }, () => "y".repeat(at % 1100));
      table.set(String(at), { at, text: "t".repeat(at % 9) + garbage.length });
    }
    const large = () => {
      const parts = Array.from({ length: 100 }, (_, at) => new Uint8Array(100_000).fill(at));
      return parts.every((part, at) => part[99_999] === at);
    };
    const whole = () => {
      for (let at = 0; at < 20_000; at++) {
        const entry = table.get(String(at));
        if (entry?.at !== at || entry.text !== "t".repeat(at % 9) + (at % 7)) return at;
      }
      return "whole";
    };`;
  const body = `log.info([whole(), large(), whole(), table.delete("7"), table.size].join());`;
  const { lines } = await logOf(body, { top, limits: "{ callbackMs: 10_000 }" });
  expect(lines).toEqual(["whole,true,whole,true,19999"]);
});

test("a run that does not keep to the plan says so", async () => {
  const text = `import { defineFilter } from "proxy-wasm-ts";
    export default defineFilter({ onRequestHeaders: () => undefined });`;
  await using project = await tempProject({ "filter.ts": text });
  const entry = project.path("filter.ts");
  const bytecode = await compile(await bundle(entry, project.path("a.wasm")), entry);
  const { module } = await buildRuntime();
  const run = (begin: (instance: EngineInstance) => void) => {
    const instance = new EngineInstance(module, () => () => 12);
    begin(instance);
    expect(instance.call("build_run", instance.write("build_allocate", bytecode), bytecode.length, 0)).toBe(0);
    return instance;
  };
  const endWith = (followed: HeapPlan) =>
    plannedEnd(
      run((instance) => {
        followPlan(instance, followed);
      }),
    );
  const plan = readPlan(run(logAllocations));
  if (plan === undefined) {
    throw new Error("there is no log");
  }
  const { length } = plan.stays;
  expect(endWith(plan)).toBeLessThan(2 ** 20);
  // As if nothing stayed, and as if there were hardly any room.
  expect(endWith({ ...plan, stays: new Uint8Array(length) })).toBeUndefined();
  expect(endWith({ ...plan, stays: new Uint8Array(length).fill(255), bytes: -160 * 1024 })).toBeUndefined();
});
