import { readFile, writeFile } from "node:fs/promises";

import { CHECKED_IN_RESULT, PERFORMANCE_DOC } from "./folders.ts";
import { absenceList, circumstances, costTable, sizeTable } from "./report.ts";
import { RESULT_FORMAT } from "./result.ts";
import type { Result } from "./result.ts";

/** The generated parts of docs/PERFORMANCE.md, by the name in their marks. */
const PARTS: Readonly<Record<string, (result: Result) => string>> = {
  cost: costTable,
  size: sizeTable,
  absent: absenceList,
  circumstances,
};

/** Writes the tables of docs/PERFORMANCE.md from bench/result.json. */
export async function writePerformanceDoc(): Promise<void> {
  await writeFile(PERFORMANCE_DOC, await performanceDoc(await readFile(PERFORMANCE_DOC, "utf8")));
}

/** The document with what bench/result.json says between the marks. @throws Error when a mark is missing */
export async function performanceDoc(document: string): Promise<string> {
  const result = JSON.parse(await readFile(CHECKED_IN_RESULT, "utf8")) as Result;
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- an old file may have another form
  if (result.format !== RESULT_FORMAT) {
    throw new Error("bench/result.json has an older form: npm run bench -- --write-docs makes it anew");
  }
  let text = document;
  for (const [name, make] of Object.entries(PARTS)) {
    const [start, end] = [`<!-- generated: ${name} -->`, `<!-- end: ${name} -->`];
    const [from, to] = [text.indexOf(start), text.indexOf(end)];
    if (from < 0 || to < from) {
      throw new Error(`docs/PERFORMANCE.md has no "${start}" with "${end}" after it`);
    }
    text = `${text.slice(0, from + start.length)}\n\n${make(result)}\n\n${text.slice(to)}`;
  }
  return text;
}
