/** A process that runs tests: `worker.ts SUITE`. Is sent tests to run and sends back what came of each. */

import { setPriority } from "node:os";

import { compileProgram, logsOf } from "./guest.ts";
import type { Mode } from "./guest.ts";
import { bundleFilter, failureOf, scriptOf } from "./script.ts";
import { Suite } from "./suite.ts";

export interface Job {
  readonly path: string;
  readonly modes: readonly Mode[];
}

export interface Outcome {
  readonly path: string;
  readonly mode: Mode;
  /** Undefined: it has passed. */
  readonly failure?: string;
}

const suite = new Suite(process.argv[2] ?? "");
const filter = await bundleFilter();
setPriority(10);

async function run({ path, modes }: Job): Promise<Outcome[]> {
  const test = await suite.read(path);
  const program = scriptOf(test, suite, filter).then(compileProgram);
  const outcomes: Outcome[] = [];
  for (const mode of modes) {
    const failure = await program
      .then((compiled) => logsOf(compiled, mode))
      .then((lines) => failureOf(test, lines), describe);
    outcomes.push({ path, mode, ...(failure === undefined ? {} : { failure: failure.slice(0, 1000) }) });
  }
  return outcomes;
}

function describe(error: unknown): string {
  return String(error instanceof Error ? (error.cause ?? error) : error);
}

process.on("message", (job: Job) => {
  void run(job).then((outcomes) => process.send?.(outcomes));
});
process.on("disconnect", () => process.exit());
process.send?.([]);
