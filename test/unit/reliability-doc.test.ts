import { readFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { CASES, CONFIGURATION_CASES } from "../peers/hostile/cases.ts";
import { checkedInResult, reliabilityDoc } from "../peers/hostile/doc.ts";
import { hasSurvived } from "../peers/hostile/result.ts";

const HOW = "npm run test:hostile -- --write-docs writes both";

test("the table of docs/RELIABILITY.md is that of the checked-in result", async () => {
  const document = await readFile("docs/RELIABILITY.md", "utf8");
  expect(document, HOW).toBe(await reliabilityDoc(document));
});

test("a table that was typed by hand is found", async () => {
  const document = await readFile("docs/RELIABILITY.md", "utf8");
  const typed = document.replace(/(<!-- generated: hostile -->[^]*?)\d of/, "$10 of");
  expect(typed).not.toBe(document);
  expect(await reliabilityDoc(typed)).not.toBe(typed);
});

test("the checked-in results have each attack on each SDK", async () => {
  const ids = [...CASES, ...CONFIGURATION_CASES].map(({ id }) => id);
  for (const [column, { trials }] of Object.entries(await checkedInResult())) {
    expect(Object.keys(trials), column).toEqual(ids);
  }
});

test("the TypeScript filter has survived them all", async () => {
  const { ts } = await checkedInResult();
  const lost = Object.entries(ts?.trials ?? {}).filter(([, trial]) => "absent" in trial || !hasSurvived(trial));
  expect(lost).toEqual([]);
});
