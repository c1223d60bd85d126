import type { BenchModule } from "./modules.ts";
import type { Sample } from "./rig.ts";

/** All samples of a module that were taken beside those of its peers. */
export interface Series {
  readonly module: BenchModule;
  /** The module's size. */
  readonly bytes: number;
  readonly samples: readonly Sample[];
}

/** Of all samples the least, which the machine's noise disturbs least, and the median. Microseconds, or a ratio of them. */
export interface Figure {
  readonly min: number;
  readonly median: number;
}

export interface Row {
  readonly variant: string;
  readonly bytes: number;
  /** Envoy's CPU time for one request. */
  readonly cpu: Figure;
  /** What of it the filter adds to that with the empty one. */
  readonly added: Figure | undefined;
  /** `added` divided by that of the peers. */
  readonly ofGo: Figure | undefined;
  readonly ofRust: Figure | undefined;
}

/** @param series - of one filter, the empty one's among them */
export function summarize(series: readonly Series[]): Row[] {
  const baseline = series.find(({ module }) => module.filter === undefined);
  const addedBy = (variant: string) => {
    const one = series.find(({ module }) => module.filter !== undefined && module.variant === variant);
    return one === undefined || baseline === undefined ? undefined : difference(one.samples, baseline.samples);
  };
  const [go, rust] = [addedBy("go"), addedBy("rust")];
  return series.map((one) => {
    const { variant } = one.module;
    const added = addedBy(variant);
    return {
      variant,
      bytes: one.bytes,
      cpu: figureOf(one.samples),
      added,
      ofGo: ratio(added, go),
      ofRust: ratio(added, rust),
    };
  });
}

export function figureOf(samples: readonly Sample[]): Figure {
  const values = samples.map(({ cpuMicroseconds }) => cpuMicroseconds);
  return { min: Math.min(...values), median: median(values) };
}

/** Samples at the same index were taken one after the other: the median of their differences has less noise in it. */
function difference(samples: readonly Sample[], base: readonly Sample[]): Figure {
  const differences = samples.map(
    ({ cpuMicroseconds }, index) => cpuMicroseconds - (base[index]?.cpuMicroseconds ?? NaN),
  );
  return { min: figureOf(samples).min - figureOf(base).min, median: median(differences) };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? NaN;
  const middle = (sorted.length - 1) / 2;
  return (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2;
}

function ratio(own: Figure | undefined, theirs: Figure | undefined): Figure | undefined {
  // NaN where the noise was larger than what a filter adds.
  const divide = (a: number, b: number) => (a > 0 && b > 0 ? a / b : NaN);
  return own === undefined || theirs === undefined
    ? undefined
    : { min: divide(own.min, theirs.min), median: divide(own.median, theirs.median) };
}
