/**
 * The column of this SDK in docs/RELIABILITY.md's table: whatever the filter does, and whatever clients do to it, the same worker with the same
 * VM serves the next request. `npm run test:hostile` does the same to the other SDKs' filters.
 */

import { afterAll, beforeAll, expect, test } from "vitest";

import { CASES, CONFIGURATION_CASES } from "./cases.ts";
import { buildColumn } from "./columns.ts";
import { attackConfiguration } from "./configuration.ts";
import { hasSurvived } from "./result.ts";
import { startRig } from "./rig.ts";
import type { Rig } from "./rig.ts";
import { attackFilter } from "./trial.ts";

let wasm: string;
let rig: Rig;

beforeAll(async () => {
  wasm = await buildColumn("ts");
  rig = await startRig(wasm);
}, 120_000);

afterAll(() => rig[Symbol.asyncDispose]());

// Those about memory take a minute, and test/attacks has the others.
const OWN = CASES.filter(({ attacked, growth }) => attacked !== true && growth !== true);

test.each(OWN)("$title", async (attack) => {
  const trial = await attackFilter(rig, attack);
  expect(hasSurvived(trial), JSON.stringify(trial)).toBe(true);
});

test.each(CONFIGURATION_CASES)("$title", async (attack) => {
  const trial = await attackConfiguration(wasm, attack);
  expect(hasSurvived(trial), JSON.stringify(trial)).toBe(true);
});
