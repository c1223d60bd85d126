import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { withGeneratedParts } from "../../../scripts/generated-parts.ts";
import { COLUMNS } from "./columns.ts";
import type { Column } from "./columns.ts";
import { RESULT_FORMAT } from "./result.ts";
import type { ColumnResult, Result } from "./result.ts";
import { absences, hostileCircumstances, hostileTable } from "./table.ts";

const RELIABILITY_DOC = fileURLToPath(new URL("../../../docs/RELIABILITY.md", import.meta.url));

function fileOf(column: Column): string {
  return fileURLToPath(new URL(`results/${column}.json`, import.meta.url));
}

export async function writeResult(column: Column, result: ColumnResult): Promise<void> {
  await writeFile(fileOf(column), `${JSON.stringify(result, undefined, 2)}\n`);
}

/** The results that are checked in. @throws Error when one is missing */
export async function checkedInResult(): Promise<Result> {
  const results: Partial<Record<Column, ColumnResult>> = {};
  for (const column of COLUMNS) {
    const result = JSON.parse(await readFile(fileOf(column), "utf8")) as ColumnResult;
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- an old file may have another form
    if (result.format !== RESULT_FORMAT) {
      throw new Error(`the result of ${column} has an older form: npm run test:hostile -- --write-docs makes it anew`);
    }
    results[column] = result;
  }
  return results;
}

/** Writes the table of docs/RELIABILITY.md from the checked-in results. */
export async function writeReliabilityDoc(): Promise<void> {
  await writeFile(RELIABILITY_DOC, await reliabilityDoc(await readFile(RELIABILITY_DOC, "utf8")));
}

/** The document with what the checked-in results say between its marks. @throws Error when a mark is missing */
export async function reliabilityDoc(document: string): Promise<string> {
  const result = await checkedInResult();
  const parts = {
    hostile: hostileTable(result),
    "hostile absences": absences(result),
    "hostile circumstances": hostileCircumstances(result),
  };
  return withGeneratedParts(document, parts, "docs/RELIABILITY.md");
}
