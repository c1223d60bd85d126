import type { Footprint } from "./footprint.ts";
import type { FilterName } from "./modules.ts";
import type { Figure, Ratio, StartFigures } from "./summary.ts";

/** The version of this form. */
export const RESULT_FORMAT = 2;

/** What a run has measured: .cache/bench/result.json, and in the repository bench/result.json. */
export interface Result {
  readonly format: typeof RESULT_FORMAT;
  readonly date: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly system: string };
  /** Of Envoy, Node, and each SDK and its compiler. */
  readonly versions: Readonly<Record<string, string>>;
  readonly settings: {
    readonly rounds: number;
    readonly requests: number;
    readonly warmUp: number;
    readonly lightRequests: number;
    readonly starts: number;
  };
  readonly filters: readonly FilterResult[];
}

export interface FilterResult {
  readonly filter: FilterName;
  readonly rows: readonly Row[];
}

/** What was measured of a variant. */
export interface Row {
  readonly variant: string;
  /** Why there is no such filter; nothing else is there then. */
  readonly absent?: string;
  readonly footprint?: Footprint;
  /** Envoy's CPU time for one request, in microseconds. */
  readonly cpu?: Figure;
  /** What of it the filter adds to that without one. */
  readonly added?: Figure;
  /** `added` divided by that of another variant. */
  readonly ofRust?: Ratio;
  readonly ofGo?: Ratio;
  readonly ofBaseline?: Ratio;
  /** Quantiles of a request's time with one connection, in milliseconds. */
  readonly latency?: { readonly p50: number; readonly p99: number };
  readonly start?: StartFigures;
}
