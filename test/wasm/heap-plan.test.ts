/** What a build does so that a module's heap has no holes: build/steps/heap-plan.ts, src/shim/plan.c. */

import { expect, test } from "vitest";

import { buildFilter } from "../../build/pipeline.ts";
import { bundle } from "../../build/steps/bundle.ts";
import { compile } from "../../build/steps/compile.ts";
import { buildRuntime } from "../../build/steps/engine-module.ts";
import { followPlan, logAllocations, plannedEnd, readPlan } from "../../build/steps/heap-plan.ts";
import { EngineInstance } from "../../build/wasm/instance.ts";
import { readModule } from "../../build/wasm/module.ts";
import { TestHost } from "../host/index.ts";
import { tempProject } from "../temp-project.ts";

/** A filter with this top level, whose hook logs what the expression gives. */
const filter = (top: string, expression: string) => `import { defineFilter } from "proxy-wasm-ts";
  ${top}
  export default defineFilter({ limits: { callbackMs: 10_000 }, onRequestHeaders(request, { log }) { log.info(String(${expression})); } });`;

async function build(top: string, expression: string) {
  await using project = await tempProject({ "filter.ts": filter(top, expression) });
  const { wasm } = await buildFilter({
    entry: project.path("filter.ts"),
    outfile: project.path("a.wasm"),
    typecheck: false,
  });
  await using host = await TestHost.load(wasm, { upstream: () => new Response("") });
  await host.fetch("http://a/");
  return {
    bytes: wasm.length,
    pages: readModule(wasm).memories[0]?.minimum,
    logs: host.logs.map(({ message }) => message),
  };
}

test("what a top level has thrown away takes no place in the module, and none in its memory", async () => {
  const garbage = `let kept = 0;
    for (let round = 0; round < 20; round++) {
      const list = Array.from({ length: 2000 }, (_, at) => ({ text: "x".repeat(at % 700), at, more: [at] }));
      kept += list.reduce((sum, { text, more }) => sum + text.length + more.length, 0);
    }`;
  const [plain, wasteful] = [await build("const kept = 13994000 + 2e4;", "kept"), await build(garbage, "kept")];
  expect(wasteful.pages).toBe(plain.pages);
  expect(wasteful.bytes).toBeLessThan(plain.bytes + 5000);
  expect(Number(wasteful.logs[0])).toBeGreaterThan(1e6);
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
  const { logs } = await build(top, `[whole(), large(), whole(), table.delete("7"), table.size].join()`);
  expect(logs).toEqual(["whole,true,whole,true,19999"]);
});

test("a run that does not keep to the plan says so", async () => {
  await using project = await tempProject({ "filter.ts": filter("", "1") });
  const entry = project.path("filter.ts");
  const bytecode = await compile(await bundle(entry, project.path("a.wasm")), entry);
  const { module } = await buildRuntime();
  const run = (begin: (instance: EngineInstance) => void) => {
    const instance = new EngineInstance(module, () => () => 12);
    begin(instance);
    expect(instance.call("build_run", instance.write("build_allocate", bytecode), bytecode.length, 0)).toBe(0);
    return instance;
  };
  const plan = readPlan(run(logAllocations));
  if (plan === undefined) {
    throw new Error("there is no log");
  }
  const end = plannedEnd(
    run((instance) => {
      followPlan(instance, plan);
    }),
  );
  expect(end).toBeLessThan(2 ** 20);
  // As if nothing stayed, and as if there were hardly any room.
  const nothing = { ...plan, stays: new Uint8Array(plan.stays.length) };
  expect(
    plannedEnd(
      run((instance) => {
        followPlan(instance, nothing);
      }),
    ),
  ).toBeUndefined();
  const everything = { ...plan, stays: new Uint8Array(plan.stays.length).fill(255), bytes: -160 * 1024 };
  expect(
    plannedEnd(
      run((instance) => {
        followPlan(instance, everything);
      }),
    ),
  ).toBeUndefined();
});
