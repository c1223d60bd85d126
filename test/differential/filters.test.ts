/** The project's filters and examples in both hosts. */

import { afterAll, expect, test } from "vitest";

import { buildOwnFilter } from "../build-filter.ts";
import { FILTERS } from "./filters.ts";
import { addTotals, newTotals, Pair, summary } from "./run.ts";

const totals = newTotals();

afterAll(() => {
  console.log(summary(totals));
});

test.each(FILTERS)("$path", async ({ path, plugins, scenarios }) => {
  await using built = await buildOwnFilter(path);
  await using pair = await Pair.start(built.wasm, plugins);
  const reports = [await pair.compareStart()];
  for (const scenario of scenarios) {
    reports.push(await pair.compare(scenario));
  }
  addTotals(totals, pair.totals);
  expect(reports.filter((report) => report !== undefined).join("\n\n")).toBe("");
});
