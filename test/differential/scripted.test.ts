/** The scripted filter in scenarios that are written by hand: every hook and phase. */

import { afterAll, beforeAll, expect, test } from "vitest";

import { buildTestFilter } from "../build-filter.ts";
import type { BuiltModule } from "../build-filter.ts";
import { SCRIPTED_PLUGINS } from "./generate.ts";
import { KNOWN_DIFFERENCES } from "./known-differences.ts";
import { Pair, summary } from "./run.ts";
import { SCRIPTED_SCENARIOS } from "./scripted-scenarios.ts";

let built: BuiltModule;
let pair: Pair;

beforeAll(async () => {
  built = await buildTestFilter("scripted");
  const names = Object.keys(SCRIPTED_PLUGINS);
  pair = await Pair.start(built.wasm, Object.fromEntries(names.map((rootId) => [rootId, { rootId }])));
});

afterAll(async () => {
  console.log(summary(pair.totals));
  await pair[Symbol.asyncDispose]();
  await built[Symbol.asyncDispose]();
});

test("the start", async () => {
  expect((await pair.compareStart()) ?? "").toBe("");
});

test.each(SCRIPTED_SCENARIOS)("$name ($plugin)", async (scenario) => {
  expect((await pair.compare(scenario)) ?? "").toBe("");
});

test("each known difference is one still", () => {
  const always = KNOWN_DIFFERENCES.filter(({ sometimes }) => sometimes !== true).map(({ name }) => name);
  expect(always.filter((name) => !pair.totals.known.has(name))).toEqual([]);
});
