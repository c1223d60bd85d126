import { readFile, writeFile } from "node:fs/promises";

import { withGeneratedParts } from "../scripts/generated-parts.ts";
import { CHECKED_IN_RESULT, CHECKED_IN_SCALING, PERFORMANCE_DOC } from "./folders.ts";
import { absenceList, circumstances, costTable, sizeTable } from "./report.ts";
import { RESULT_FORMAT } from "./result.ts";
import type { Result } from "./result.ts";
import { scalingTables } from "./scaling/report.ts";
import type { ScaleResult } from "./scaling/report.ts";

/** Writes the tables of docs/PERFORMANCE.md from bench/result.json and bench/scaling.json. */
export async function writePerformanceDoc(): Promise<void> {
  await writeFile(PERFORMANCE_DOC, await performanceDoc(await readFile(PERFORMANCE_DOC, "utf8")));
}

/** The document with what the checked-in results say between its marks. @throws Error when a mark is missing */
export async function performanceDoc(document: string): Promise<string> {
  return withGeneratedParts(document, await generatedParts(), "docs/PERFORMANCE.md");
}

/** By the name in their marks. */
async function generatedParts(): Promise<Readonly<Record<string, string>>> {
  const result = JSON.parse(await readFile(CHECKED_IN_RESULT, "utf8")) as Result;
  const scaling = JSON.parse(await readFile(CHECKED_IN_SCALING, "utf8")) as readonly ScaleResult[];
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- an old file may have another form
  if (result.format !== RESULT_FORMAT) {
    throw new Error("bench/result.json has an older form: npm run bench -- --write-docs makes it anew");
  }
  return {
    cost: costTable(result),
    size: sizeTable(result),
    absent: absenceList(result),
    circumstances: circumstances(result),
    scaling: scalingTables(scaling),
  };
}
