import { readFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { performanceDoc } from "../../bench/performance-doc.ts";

test("the tables of docs/PERFORMANCE.md are those of the checked-in results", async () => {
  const document = await readFile("docs/PERFORMANCE.md", "utf8");
  expect(document, "npm run bench -- --write-docs writes both").toBe(await performanceDoc(document));
});

test("a table that was typed by hand is found", async () => {
  const document = await readFile("docs/PERFORMANCE.md", "utf8");
  const typed = document.replace(/(<!-- generated: cost -->[^]*?)\d/, "$19");
  expect(typed).not.toBe(document);
  expect(await performanceDoc(typed)).not.toBe(typed);
});

test("a part without its marks is an error", async () => {
  await expect(performanceDoc("# Performance\n")).rejects.toThrow('has no "<!-- generated: cost -->"');
});
