/** The same hostile mix against the filters of four SDKs, in a real Envoy. See docs/RELIABILITY.md. */

import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { parseArgs } from "node:util";

import { machine, versions } from "../../../bench/machine.ts";
import { CASES, CONFIGURATION_CASES } from "./cases.ts";
import { buildColumn, COLUMNS } from "./columns.ts";
import type { Column } from "./columns.ts";
import { attackConfiguration } from "./configuration.ts";
import { CHECKED_IN_RESULT, LATEST_RESULT, writeReliabilityDoc } from "./doc.ts";
import { RESULT_FORMAT } from "./result.ts";
import type { Result, Row, Trial } from "./result.ts";
import { hostileTable } from "./table.ts";
import { attackWith, Rigs } from "./trials.ts";

const USAGE = `npm run test:hostile -- [options]

  --columns ${COLUMNS.join(",")}
                 which SDKs (default: all)
  --cases TEXT   only the attacks whose name has this in it, such as request/panic
  --write-docs   writes test/peers/hostile/result.json and the table of docs/RELIABILITY.md; needs all of both`;

type Trials = Map<string, Trial | { readonly absent: string }>;

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function attackColumn(column: Column, pattern: string): Promise<Trials> {
  const wasm = await buildColumn(column);
  const trials: Trials = new Map();
  const note = (id: string, trial: Trial) => {
    progress(`${column}: ${id}: ${JSON.stringify(trial)}`);
    trials.set(id, trial);
  };
  await using rigs = new Rigs(wasm);
  for (const attack of CASES.filter(({ id }) => id.includes(pattern))) {
    const absent = attack.absent?.[column];
    if (absent === undefined) {
      note(attack.id, await attackWith(rigs, attack));
    } else {
      trials.set(attack.id, { absent });
    }
  }
  for (const attack of CONFIGURATION_CASES.filter(({ id }) => id.includes(pattern))) {
    note(attack.id, await attackConfiguration(wasm, attack));
  }
  return trials;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      columns: { type: "string", default: COLUMNS.join(",") },
      cases: { type: "string", default: "" },
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
  if (values["write-docs"] && (columns.length < COLUMNS.length || values.cases !== "")) {
    throw new Error("--write-docs needs all columns and all cases");
  }
  const trials = new Map<Column, Trials>();
  for (const column of columns) {
    trials.set(column, await attackColumn(column, values.cases));
  }
  const rows = [...CASES, ...CONFIGURATION_CASES]
    .filter(({ id }) => id.includes(values.cases))
    .map(
      ({ id, title }): Row => ({
        id,
        title,
        trials: Object.fromEntries([...trials].map(([column, of]) => [column, of.get(id)])),
      }),
    );
  const result: Result = {
    format: RESULT_FORMAT,
    date: new Date().toISOString(),
    machine: machine(),
    versions: await versions(columns, undefined),
    rows,
  };
  console.log(hostileTable(result));
  const file = values["write-docs"] ? CHECKED_IN_RESULT : LATEST_RESULT;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(result, undefined, 2)}\n`);
  if (values["write-docs"]) {
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
