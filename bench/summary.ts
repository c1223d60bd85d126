import type { StartSample } from "./start.ts";

/** Of all samples the least, which the machine's noise disturbs least, and the median. */
export interface Figure {
  readonly min: number;
  readonly median: number;
}

export function figureOf(values: readonly number[]): Figure {
  return { min: Math.min(...values), median: median(values) };
}

/** Samples at the same index were taken one after the other: the median of their differences has less noise in it. */
export function difference(values: readonly number[], base: readonly number[]): Figure {
  const differences = values.map((value, index) => value - (base[index] ?? NaN));
  return { min: figureOf(values).min - figureOf(base).min, median: median(differences) };
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value that this share of all values does not exceed; between two of them in proportion. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const [low, high] = [sorted[Math.floor(place)] ?? NaN, sorted[Math.ceil(place)] ?? NaN];
  return low + (high - low) * (place - Math.floor(place));
}

/** null where the noise was larger than what a filter adds. */
export interface Ratio {
  readonly min: number | null;
  readonly median: number | null;
}

export function ratio(own: Figure | undefined, theirs: Figure | undefined): Ratio | undefined {
  const divide = (a: number, b: number) => (a > 0 && b > 0 ? a / b : null);
  return own === undefined || theirs === undefined
    ? undefined
    : { min: divide(own.min, theirs.min), median: divide(own.median, theirs.median) };
}

/** What a filter adds to Envoy's start. CPU time in milliseconds, resident memory in bytes. */
export interface StartFigures {
  /** The module's first VMs: of the main thread, which compiles it, and of a worker. */
  readonly first: { readonly cpu: Figure; readonly resident: Figure };
  /** The VM of each further worker. */
  readonly further: { readonly cpu: Figure; readonly resident: Figure };
}

/** @param none - samples of Envoy without a filter, taken beside the others */
export function startFigures(samples: readonly StartSample[], none: readonly StartSample[]): StartFigures {
  const counts = [...new Set(samples.map(({ workers }) => workers))].sort((a, b) => a - b);
  const [few = 1, many = 2] = counts;
  const added = (workers: number, of: (sample: StartSample) => number) => {
    const values = (list: readonly StartSample[]) => list.filter((one) => one.workers === workers).map(of);
    return difference(values(samples), values(none));
  };
  const figures = (of: (sample: StartSample) => number) => {
    const [first, all] = [added(few, of), added(many, of)];
    const each = (what: keyof Figure) => (all[what] - first[what]) / (many - few);
    return { first, further: { min: each("min"), median: each("median") } };
  };
  const cpu = figures(({ cpuMilliseconds }) => cpuMilliseconds);
  const resident = figures(({ residentBytes }) => residentBytes);
  return {
    first: { cpu: cpu.first, resident: resident.first },
    further: { cpu: cpu.further, resident: resident.further },
  };
}
