/** Measures what filters cost in Envoy, written for this SDK and otherwise. See README.md. */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { prepareBaseline } from "./baseline.ts";
import { checkWork } from "./check.ts";
import { CACHE, CHECKED_IN_RESULT, CHECKED_IN_SCALING } from "./folders.ts";
import { startLoad } from "./load-process.ts";
import { machine, versions } from "./machine.ts";
import { buildGroups, measureAllStarts, measureLoad, resultOf } from "./measure.ts";
import { readOptions, USAGE } from "./options.ts";
import type { Options } from "./options.ts";
import { writePerformanceDoc } from "./performance-doc.ts";
import { besideLoad } from "./pin.ts";
import { absenceList, circumstances, costTable, sizeTable } from "./report.ts";
import { RESULT_FORMAT } from "./result.ts";
import type { Result } from "./result.ts";
import { countScales } from "./scaling/main.ts";
import { scalingTables } from "./scaling/report.ts";

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function main(options: Options): Promise<void> {
  const baseline = options.baseline === undefined ? undefined : await prepareBaseline(options.baseline, progress);
  const groups = await buildGroups(options, baseline, progress);
  for (const { variant } of groups.flatMap(({ series }) => series)) {
    await checkWork(variant);
  }
  progress("all filters do their work");
  {
    await using load = await startLoad();
    await measureAllStarts(groups, load, options, progress);
    await besideLoad(() => measureLoad(groups, load, options, progress));
  }
  const { rounds, requests, warmUp, lightRequests, starts } = options;
  const result: Result = {
    format: RESULT_FORMAT,
    date: new Date().toISOString(),
    machine: machine(),
    versions: await versions(options.variants, baseline),
    settings: { rounds, requests, warmUp, lightRequests, starts },
    filters: await Promise.all(groups.map((group) => resultOf(group, baseline?.variant))),
  };
  print(result);
  await mkdir(CACHE, { recursive: true });
  await writeFile(join(CACHE, "result.json"), json(result));
  const samples = groups.map(({ filter, series }) => ({
    filter,
    series: series.map((one) => ({ ...one, variant: one.variant.variant })),
  }));
  await writeFile(join(CACHE, "samples.json"), json(samples));
  if (options.writeDocs) {
    await writeFile(CHECKED_IN_RESULT, json(result));
    await writePerformanceDoc();
  }
}

async function scaling({ writeDocs }: Options): Promise<void> {
  const results = await countScales(progress);
  console.log(scalingTables(results));
  await mkdir(CACHE, { recursive: true });
  await writeFile(join(CACHE, "scaling.json"), json(results));
  if (writeDocs) {
    await writeFile(CHECKED_IN_SCALING, json(results));
    await writePerformanceDoc();
  }
}

function print(result: Result): void {
  console.log(costTable(result));
  console.log(`\n${sizeTable(result)}`);
  console.log("\nIn each field: the least sample / the median.");
  console.log(absenceList(result));
  console.log(`\n${circumstances(result)}`);
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

// Child processes end with this one, whatever ends it: see scripts/child.ts and load.ts.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => process.exit(130));
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === "help") {
    console.log(USAGE);
  } else {
    await (options.scaling ? scaling(options) : main(options));
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
