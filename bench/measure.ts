import { buildVariant } from "./build.ts";
import { footprintOf } from "./footprint.ts";
import type { Baseline } from "./baseline.ts";
import type { Load } from "./load-process.ts";
import { absence, NONE } from "./modules.ts";
import type { BenchFilter, FilterName } from "./modules.ts";
import type { Options } from "./options.ts";
import type { FilterResult, Row } from "./result.ts";
import { measureRound } from "./rig.ts";
import { measureStarts } from "./start.ts";
import type { StartSample } from "./start.ts";
import { difference, figureOf, quantile, ratio, startFigures } from "./summary.ts";

/** All samples of a variant. Those at the same place in two variants were taken beside each other. */
export interface Series {
  readonly variant: BenchFilter;
  readonly cpu: number[];
  readonly latencies: number[];
  readonly starts: StartSample[];
}

/** A filter in all its variants, the first of which is no filter. */
export interface Group {
  readonly filter: FilterName;
  readonly series: readonly Series[];
  /** Variants that there are not, and why. */
  readonly absent: readonly Row[];
}

type Progress = (text: string) => void;

/** Filters whose start is measured: one that all variants have, and the project's own. */
const STARTS: readonly FilterName[] = ["call", "jump"];

export async function buildGroups(
  { filters, variants, extra }: Options,
  baseline: Baseline | undefined,
  progress: Progress,
): Promise<Group[]> {
  const groups: Group[] = [];
  for (const filter of filters) {
    const built = [NONE];
    const absent: Row[] = [];
    for (const variant of variants) {
      const reason = absence(filter, variant);
      if (reason === undefined) {
        progress(`building ${filter}-${variant}`);
        built.push(await buildVariant(filter, variant));
      } else {
        absent.push({ variant, absent: reason });
      }
    }
    built.push(...extra.filter((one) => one.filter === filter));
    if (baseline !== undefined) {
      progress(`building ${filter}-${baseline.variant}`);
      built.push(await baseline.build(filter));
    }
    groups.push({ filter, absent, series: built.map((variant) => ({ variant, cpu: [], latencies: [], starts: [] })) });
  }
  return groups;
}

/** Rounds of all filters, so that what the machine does for minutes hits all of them. */
export async function measureLoad(
  groups: readonly Group[],
  load: Load,
  options: Options,
  progress: Progress,
): Promise<void> {
  for (let round = 1; round <= options.rounds; round++) {
    for (const { filter, series } of groups) {
      const results = await measureRound(
        filter,
        series.map(({ variant }) => variant),
        load,
        options,
      );
      const medians = series.map((one, index) => {
        const own = (results[index]?.samples ?? []).map(({ cpuMicroseconds }) => cpuMicroseconds);
        one.cpu.push(...own);
        one.latencies.push(...(results[index]?.latencies ?? []));
        return `${one.variant.variant} ${figureOf(own).median.toFixed(1)}`;
      });
      progress(`round ${round} of ${options.rounds}, ${filter}: ${medians.join(", ")} µs/request`);
    }
  }
}

export async function measureAllStarts(
  groups: readonly Group[],
  load: Load,
  { starts }: Options,
  progress: Progress,
): Promise<void> {
  for (let round = 1; round <= starts; round++) {
    for (const { filter, series } of groups.filter((group) => STARTS.includes(group.filter))) {
      const samples = await measureStarts(
        filter,
        series.map(({ variant }) => variant),
        load,
      );
      for (const [index, one] of series.entries()) {
        one.starts.push(...(samples[index] ?? []));
      }
      progress(`start ${round} of ${starts}, ${filter}`);
    }
  }
}

/** @param baseline - the variant of another commit */
export async function resultOf({ filter, series, absent }: Group, baseline: string | undefined): Promise<FilterResult> {
  const none = series[0];
  const added = (name: string | undefined) => {
    const one = series.find(({ variant }) => variant.filter !== undefined && variant.variant === name);
    return one === undefined || none === undefined ? undefined : difference(one.cpu, none.cpu);
  };
  const rows = series.map(async (one): Promise<Row> => {
    const { variant } = one.variant;
    const own = added(variant);
    return defined({
      variant,
      footprint: await footprintOf(one.variant),
      cpu: figureOf(one.cpu),
      added: own,
      ofRust: ratio(own, added("rust")),
      ofGo: ratio(own, added("go")),
      ofBaseline: ratio(own, added(baseline)),
      latency: { p50: quantile(one.latencies, 0.5), p99: quantile(one.latencies, 0.99) },
      start: one === none || one.starts.length === 0 ? undefined : startFigures(one.starts, none?.starts ?? []),
    });
  });
  return { filter, rows: [...(await Promise.all(rows)), ...absent] };
}

/** The same without what is undefined, as JSON has it. */
function defined<T extends object>(value: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as T;
}
