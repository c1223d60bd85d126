import { readFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { costOf } from "../../bench/meter/filter-cost.ts";
import type { FilterCost } from "../../bench/meter/filter-cost.ts";
import { FILTERS } from "../../bench/modules.ts";
import { gzipSize } from "../../build/gzip-size.ts";
import { readComposition } from "../../build/wasm/composition.ts";
import { readModule } from "../../build/wasm/module.ts";

interface Budgets {
  /** Of dist/filter.wasm. */
  readonly module: {
    readonly bytes: number;
    readonly gzipBytes: number;
    /** Linear memory at start. */
    readonly memoryBytes: number;
    /** What the top level left in the heap. */
    readonly heapBytes: number;
  };
  /** Of one request, for each filter of the benchmark. */
  readonly filters: Readonly<Record<string, FilterCost>>;
}

const PAGE_BYTES = 65_536;
const HINT = "bench/budgets.json says how its figures are changed";

const budgets = JSON.parse(await readFile("bench/budgets.json", "utf8")) as Budgets;

test("the jump filter's module is within its budgets", async () => {
  const wasm = await readFile("dist/filter.wasm");
  const info = readModule(wasm);
  const found: Budgets["module"] = {
    bytes: wasm.length,
    gzipBytes: await gzipSize(wasm),
    memoryBytes: (info.memories[0]?.minimum ?? NaN) * PAGE_BYTES,
    heapBytes: readComposition(info.sections)?.data.heap ?? NaN,
  };
  for (const [name, budget] of Object.entries(budgets.module)) {
    expect.soft(found[name as keyof typeof found], `${name}; ${HINT}`).toBeLessThanOrEqual(budget);
  }
});

test("each filter of the benchmark has a budget", () => {
  expect(Object.keys(budgets.filters).sort()).toEqual([...FILTERS].sort());
});

test.each(FILTERS)("a request through %s is within its budgets", async (filter) => {
  const { hostCalls, allocations, instructions } = await costOf(filter);
  const budget = budgets.filters[filter];
  for (const [name, count] of Object.entries(hostCalls)) {
    expect.soft(count, `calls of ${name}; ${HINT}`).toBeLessThanOrEqual(budget?.hostCalls[name] ?? 0);
  }
  expect.soft(allocations, `allocations; ${HINT}`).toBeLessThanOrEqual(budget?.allocations ?? 0);
  expect.soft(instructions, `instructions; ${HINT}`).toBeLessThanOrEqual(budget?.instructions ?? 0);
});
