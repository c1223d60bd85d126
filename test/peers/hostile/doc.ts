import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { CACHE } from "../../../bench/folders.ts";
import { withGeneratedParts } from "../../../scripts/generated-parts.ts";
import { RESULT_FORMAT } from "./result.ts";
import type { Result } from "./result.ts";
import { absences, hostileCircumstances, hostileTable } from "./table.ts";

/** The result that the document's table is made of. */
export const CHECKED_IN_RESULT: string = fileURLToPath(new URL("result.json", import.meta.url));
export const LATEST_RESULT: string = join(CACHE, "hostile", "result.json");
const RELIABILITY_DOC = fileURLToPath(new URL("../../../docs/RELIABILITY.md", import.meta.url));

/** Writes the table of docs/RELIABILITY.md from the checked-in result. */
export async function writeReliabilityDoc(): Promise<void> {
  await writeFile(RELIABILITY_DOC, await reliabilityDoc(await readFile(RELIABILITY_DOC, "utf8")));
}

/** The document with what the checked-in result says between its marks. @throws Error when a mark is missing */
export async function reliabilityDoc(document: string): Promise<string> {
  const result = JSON.parse(await readFile(CHECKED_IN_RESULT, "utf8")) as Result;
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- an old file may have another form
  if (result.format !== RESULT_FORMAT) {
    throw new Error("test/peers/hostile/result.json has an older form: npm run test:hostile -- --write-docs makes it anew");
  }
  const parts = {
    hostile: hostileTable(result),
    "hostile absences": absences(result),
    "hostile circumstances": hostileCircumstances(result),
  };
  return withGeneratedParts(document, parts, "docs/RELIABILITY.md");
}
