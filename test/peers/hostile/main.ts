/** The same hostile mix against the filters of four SDKs, in a real Envoy. See docs/RELIABILITY.md. */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { CACHE } from "../../../bench/folders.ts";
import { machine, versions } from "../../../bench/machine.ts";
import { CASES, CONFIGURATION_CASES } from "./cases.ts";
import type { Case, ConfigurationCase } from "./cases.ts";
import { buildColumn, COLUMNS } from "./columns.ts";
import type { Column } from "./columns.ts";
import { attackConfiguration } from "./configuration.ts";
import { writeReliabilityDoc, writeResult } from "./doc.ts";
import { RESULT_FORMAT } from "./result.ts";
import type { ColumnResult, Trial } from "./result.ts";
import { hostileTable } from "./table.ts";
import { attackWith, Rigs } from "./trials.ts";

const USAGE = `npm run test:hostile -- [options]

  --columns ${COLUMNS.join(",")}
                 which SDKs (default: all)
  --resume       goes on with a run that was broken off
  --cases TEXT   only the attacks whose name has this in it, such as request/panic
  --write-docs   writes the columns' files in test/peers/hostile/results, and the table of docs/RELIABILITY.md`;

type Trials = Record<string, Trial | { readonly absent: string }>;

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function attackColumn(column: Column, pattern: string, resume: boolean): Promise<Trials> {
  const wasm = await buildColumn(column);
  const unfinished = join(CACHE, "hostile", `${column}.json`);
  const before = resume ? (JSON.parse(await readFile(unfinished, "utf8")) as Trials) : {};
  const trials: Trials = {};
  const note = async ({ id, absent }: Case | ConfigurationCase, attack: () => Promise<Trial>) => {
    const reason = absent?.[column];
    if (reason !== undefined) {
      trials[id] = { absent: reason };
      return;
    }
    const trial = before[id] ?? (await attack());
    progress(`${column}: ${id}: ${JSON.stringify(trial)}`);
    trials[id] = trial;
    await writeFile(unfinished, JSON.stringify(trials));
  };
  await using rigs = new Rigs(wasm);
  for (const attack of CASES.filter(({ id }) => id.includes(pattern))) {
    await note(attack, () => attackWith(rigs, attack));
  }
  for (const attack of CONFIGURATION_CASES.filter(({ id }) => id.includes(pattern))) {
    await note(attack, () => attackConfiguration(wasm, attack));
  }
  return trials;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      columns: { type: "string", default: COLUMNS.join(",") },
      cases: { type: "string", default: "" },
      resume: { type: "boolean", default: false },
      "write-docs": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const names = values.columns.split(",");
  const columns = COLUMNS.filter((column) => names.includes(column));
  if (columns.length !== names.length) {
    throw new Error(`--columns: there are ${COLUMNS.join(", ")}, and not ${values.columns}`);
  }
  const writeDocs = values["write-docs"];
  if (writeDocs && values.cases !== "") {
    throw new Error("--write-docs needs all cases");
  }
  const results: Partial<Record<Column, ColumnResult>> = {};
  for (const column of columns) {
    const trials = await attackColumn(column, values.cases, values.resume);
    results[column] = {
      format: RESULT_FORMAT,
      date: new Date().toISOString(),
      machine: machine(),
      versions: await versions([column], undefined),
      trials,
    };
    if (writeDocs) {
      await writeResult(column, results[column]);
    }
  }
  console.log(hostileTable(results));
  if (writeDocs) {
    await writeReliabilityDoc();
  }
}

// Child processes end with this one, whatever ends it: see scripts/child.ts.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => process.exit(130));
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
