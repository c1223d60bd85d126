import { resolve } from "node:path";
import { parseArgs } from "node:util";

import { FILTERS, SDKS } from "./modules.ts";
import type { BenchModule, FilterName, SdkName } from "./modules.ts";

export interface Options {
  readonly filters: readonly FilterName[];
  readonly sdks: readonly SdkName[];
  readonly rounds: number;
  readonly requests: number;
  readonly warmUp: number;
  /** Modules that are there already. */
  readonly extra: readonly BenchModule[];
}

export const USAGE = `npm run bench -- [options]

  --filters header,call,jump  which filters (default: all)
  --variants ts,rust,go       which SDKs (default: all)
  --rounds N                  how often each is measured (default: 4)
  --requests N                requests of one measurement (default: 16000)
  --warm-up N                 requests before it (default: 2000)
  --wasm NAME=PATH            another built module; NAME is FILTER-VARIANT, for example jump-old. May be repeated.`;

/** Reads the command line. @throws Error that says which option is wrong */
export function readOptions(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      filters: { type: "string", default: FILTERS.join(",") },
      variants: { type: "string", default: SDKS.join(",") },
      rounds: { type: "string", default: "4" },
      requests: { type: "string", default: "16000" },
      "warm-up": { type: "string", default: "2000" },
      wasm: { type: "string", multiple: true, default: [] },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    return "help";
  }
  return {
    filters: readNames("filters", values.filters, FILTERS),
    sdks: readNames("variants", values.variants, SDKS),
    rounds: readCount("rounds", values.rounds),
    requests: readCount("requests", values.requests),
    warmUp: readCount("warm-up", values["warm-up"]),
    extra: values.wasm.map(readModule),
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

function readCount(option: string, text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) {
    throw new Error(`--${option} must be an integer from 1, not "${text}"`);
  }
  return count;
}

function readModule(text: string): BenchModule {
  const [, filterName = "", variant = "", path = ""] = /^(\w+)-([\w.-]+)=(.+)$/.exec(text) ?? [];
  const filter = FILTERS.find((candidate) => candidate === filterName);
  if (filter === undefined || SDKS.some((sdk) => sdk === variant)) {
    throw new Error(
      `--wasm must be FILTER-VARIANT=PATH with a filter of ${FILTERS.join(", ")} and a new variant, not "${text}"`,
    );
  }
  return { filter, variant, wasm: resolve(path) };
}
