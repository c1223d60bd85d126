/** Measures the CPU time that filters add to a request in Envoy, written for this SDK and for others. See README.md. */

import { mkdir, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";

import { buildBaseline, buildModule, sizeOf, versionOf } from "./build.ts";
import { checkWork } from "./check.ts";
import { CACHE } from "./folders.ts";
import { startLoad } from "./load-process.ts";
import type { FilterName } from "./modules.ts";
import { readOptions, USAGE } from "./options.ts";
import type { Options } from "./options.ts";
import { markdownTable } from "./report.ts";
import { measureRound } from "./rig.ts";
import type { Sample } from "./rig.ts";
import { figureOf, summarize } from "./summary.ts";
import type { Series } from "./summary.ts";

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

interface Group {
  readonly filter: FilterName;
  /** The empty filter, and all variants of this one. */
  readonly series: readonly (Series & { readonly samples: Sample[] })[];
}

async function buildAll({ filters, sdks, extra }: Options): Promise<Group[]> {
  const none = await buildBaseline();
  const groups: Group[] = [];
  for (const filter of filters) {
    const modules = [none];
    for (const sdk of sdks) {
      progress(`building ${filter}-${sdk}`);
      modules.push(await buildModule(filter, sdk));
    }
    modules.push(...extra.filter((module) => module.filter === filter));
    const series = modules.map(async (module) => ({ module, bytes: await sizeOf(module), samples: [] }));
    groups.push({ filter, series: await Promise.all(series) });
  }
  return groups;
}

async function measureAll(groups: readonly Group[], options: Options): Promise<void> {
  await using load = await startLoad();
  for (let round = 1; round <= options.rounds; round++) {
    for (const { filter, series } of groups) {
      const modules = series.map(({ module }) => module);
      const samples = await measureRound(filter, modules, load, options);
      const medians = series.map((one, index) => {
        const own = samples[index] ?? [];
        one.samples.push(...own);
        return `${one.module.variant} ${figureOf(own).median.toFixed(1)}`;
      });
      progress(`round ${round} of ${options.rounds}, ${filter}: ${medians.join(", ")} µs/request`);
    }
  }
}

async function main(options: Options): Promise<void> {
  const groups = await buildAll(options);
  for (const module of groups.flatMap(({ series }) => series.map((one) => one.module))) {
    await checkWork(module);
  }
  progress("all filters do their work");
  await measureAll(groups, options);

  const filters = groups.map(({ filter, series }) => ({ filter, rows: summarize(series), series }));
  const { sdks, rounds, requests, warmUp } = options;
  const versions = Object.fromEntries(await Promise.all(sdks.map(async (sdk) => [sdk, await versionOf(sdk)] as const)));
  const machine = `${cpus()[0]?.model ?? "unknown CPU"}, ${cpus().length} cores`;
  console.log(markdownTable(filters));
  console.log("\nIn each field: the least sample / the median.");
  console.log(`${rounds} rounds of ${requests} requests after ${warmUp}; ${machine}`);
  for (const [sdk, version] of Object.entries(versions)) {
    console.log(`${sdk}: ${version}`);
  }
  await mkdir(CACHE, { recursive: true });
  const result = { date: new Date().toISOString(), machine, rounds, requests, warmUp, versions, filters };
  await writeFile(join(CACHE, "result.json"), `${JSON.stringify(result, undefined, 2)}\n`);
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
    await main(options);
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
