/** A process that runs tests: `worker.ts SUITE`. Is sent tests to run and sends back what came of each. */

import { setPriority } from "node:os";
import { fileURLToPath } from "node:url";

import { bundle } from "../../build/steps/bundle.ts";
import { logsOf } from "./guest.ts";
import type { Mode } from "./guest.ts";
import { failureOf, scriptOf } from "./script.ts";
import { Suite } from "./suite.ts";

export interface Job {
  readonly path: string;
  readonly mode: Mode;
}

export interface Outcome extends Job {
  /** Undefined: it has passed. */
  readonly failure?: string;
}

const suite = new Suite(process.argv[2] ?? "");
const filter = await bundle(fileURLToPath(new URL("filter.ts", import.meta.url)), "/test262/filter.wasm");
setPriority(10);

async function run({ path, mode }: Job): Promise<Outcome> {
  const test = await suite.read(path);
  const failure = await logsOf(await scriptOf(test, suite, filter), mode).then(
    (lines) => failureOf(test, lines),
    (error: unknown) => String(error instanceof Error ? (error.cause ?? error) : error),
  );
  return { path, mode, ...(failure === undefined ? {} : { failure: failure.slice(0, 1000) }) };
}

process.on("message", (job: Job) => {
  void run(job).then((outcome) => process.send?.(outcome));
});
process.on("disconnect", () => process.exit());
process.send?.("ready");
