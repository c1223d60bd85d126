import { resolve } from "node:path";
import { parseArgs } from "node:util";

import { FILTERS, VARIANTS } from "./modules.ts";
import type { BenchFilter, FilterName, VariantName } from "./modules.ts";

export interface Options {
  readonly filters: readonly FilterName[];
  readonly variants: readonly VariantName[];
  readonly rounds: number;
  readonly requests: number;
  readonly warmUp: number;
  readonly lightRequests: number;
  /** How often each start is measured; 0: not at all. */
  readonly starts: number;
  /** Modules that are there already. */
  readonly extra: readonly BenchFilter[];
  /** Another commit of this project. */
  readonly baseline: string | undefined;
  /** Whether bench/result.json and docs/PERFORMANCE.md are written. */
  readonly writeDocs: boolean;
  /** Counts how work grows, in the Node host, in place of measuring. */
  readonly scaling: boolean;
}

export const USAGE = `npm run bench -- [options]

  --filters ${FILTERS.join(",")}
                              which filters (default: all)
  --variants ${VARIANTS.join(",")}
                              written with what (default: all)
  --rounds N                  how often each is measured (default: 10)
  --requests N                requests of one measurement (default: 2000)
  --warm-up N                 requests before it (default: 500)
  --light-requests N          requests of one measurement of latency (default: 200)
  --starts N                  how often each start is measured; 0: not at all (default: 3)
  --baseline REF              builds the filters of another commit of this project too
  --wasm NAME=PATH            another built module; NAME is FILTER-VARIANT, for example jump-old. May be repeated.
  --write-docs                writes bench/result.json and the tables of docs/PERFORMANCE.md
  --scaling                   measures nothing, but counts how work grows with headers, bodies, streams and plugins`;

/** Reads the command line. @throws Error that says which option is wrong */
export function readOptions(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      filters: { type: "string", default: FILTERS.join(",") },
      variants: { type: "string", default: VARIANTS.join(",") },
      rounds: { type: "string", default: "10" },
      requests: { type: "string", default: "2000" },
      "warm-up": { type: "string", default: "500" },
      "light-requests": { type: "string", default: "200" },
      starts: { type: "string", default: "3" },
      baseline: { type: "string" },
      wasm: { type: "string", multiple: true, default: [] },
      scaling: { type: "boolean", default: false },
      "write-docs": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    return "help";
  }
  return {
    filters: readNames("filters", values.filters, FILTERS),
    variants: readNames("variants", values.variants, VARIANTS),
    rounds: readCount("rounds", values.rounds),
    requests: readCount("requests", values.requests),
    warmUp: readCount("warm-up", values["warm-up"]),
    lightRequests: readCount("light-requests", values["light-requests"]),
    starts: readCount("starts", values.starts, 0),
    extra: values.wasm.map(readModule),
    baseline: values.baseline,
    writeDocs: values["write-docs"],
    scaling: values.scaling,
  };
}

function readNames<T extends string>(option: string, text: string, known: readonly T[]): T[] {
  return text.split(",").map((word) => {
    const name = known.find((candidate) => candidate === word);
    if (name === undefined) {
      throw new Error(`--${option}: there is no "${word}"; there are ${known.join(", ")}`);
    }
    return name;
  });
}

function readCount(option: string, text: string, least = 1): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < least) {
    throw new Error(`--${option} must be an integer from ${least}, not "${text}"`);
  }
  return count;
}

function readModule(text: string): BenchFilter {
  const [, filterName = "", variant = "", path = ""] = /^(\w+)-([\w.-]+)=(.+)$/.exec(text) ?? [];
  const filter = FILTERS.find((candidate) => candidate === filterName);
  if (filter === undefined || VARIANTS.some((name) => name === variant)) {
    throw new Error(
      `--wasm must be FILTER-VARIANT=PATH with a filter of ${FILTERS.join(", ")} and a new variant, not "${text}"`,
    );
  }
  return { filter, variant, code: { kind: "wasm", wasm: resolve(path) } };
}
