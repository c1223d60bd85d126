/** Scenarios by chance. SEED and COUNT choose others; FIRST begins with a later one, to run a failed one again. */

import { afterAll, beforeAll, expect, test } from "vitest";

import { buildTestFilter } from "../build-filter.ts";
import type { BuiltModule } from "../build-filter.ts";
import { generate, SCRIPTED_PLUGINS } from "./generate.ts";
import { Pair, summary } from "./run.ts";

const SEED = Number(process.env["SEED"] ?? 1);
const COUNT = Number(process.env["COUNT"] ?? 300);
const FIRST = Number(process.env["FIRST"] ?? 0);
/** More are not shown: they often have one cause. */
const SHOWN = 3;

let built: BuiltModule;
let pair: Pair;

beforeAll(async () => {
  built = await buildTestFilter("scripted");
  const names = Object.keys(SCRIPTED_PLUGINS);
  pair = await Pair.start(built.wasm, Object.fromEntries(names.map((rootId) => [rootId, { rootId }])));
}, 120_000);

afterAll(async () => {
  await pair[Symbol.asyncDispose]();
  await built[Symbol.asyncDispose]();
});

test(
  `${COUNT} scenarios of seed ${SEED} are the same in Envoy and in the Node host`,
  async () => {
    const reports: string[] = [(await pair.compareStart()) ?? ""].filter((report) => report !== "");
    for (let index = FIRST; index < FIRST + COUNT; index++) {
      const report = await pair.compare(generate(SEED, index));
      if (report !== undefined) {
        reports.push(`SEED=${SEED} FIRST=${index} COUNT=1: ${report}`);
      }
    }
    console.log(summary(pair.totals));
    expect(reports.length, `${reports.length} differ:\n\n${reports.slice(0, SHOWN).join("\n\n")}\n`).toBe(0);
  },
  60_000 + 1000 * COUNT,
);
