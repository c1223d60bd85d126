import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

import type { Mode } from "./guest.ts";
import type { Outcomes } from "./outcomes.ts";
import type { Job, Outcome } from "./worker.ts";

const WORKER = fileURLToPath(new URL("worker.ts", import.meta.url));
/** Of one test; the guard in the module ends loops long before. */
const TIMEOUT_MS = 300_000;

/** Runs tests in all modes for which they have no outcome yet, in processes of low priority. */
export async function runAll(
  suite: string,
  outcomes: Outcomes,
  paths: readonly string[],
  modes: readonly Mode[],
  processes: number,
): Promise<void> {
  const waiting = paths
    .map((path): Job => ({ path, modes: modes.filter((mode) => outcomes.get(path, mode) === undefined) }))
    .filter((job) => job.modes.length > 0);
  const all = waiting.length;
  const queue = waiting.values();
  let done = 0;
  const onDone = (results: readonly Outcome[]) => {
    for (const outcome of results) {
      outcomes.add(outcome);
    }
    if (++done % 500 === 0) {
      console.log(`${done} of ${all}`);
    }
  };
  await Promise.all(Array.from({ length: processes }, () => runWorker(suite, queue, onDone)));
}

/** One process after the other: one that ends has failed the test that it ran. */
async function runWorker(
  suite: string,
  queue: Iterator<Job>,
  onDone: (results: readonly Outcome[]) => void,
): Promise<void> {
  for (let more = true; more;) {
    more = await new Promise<boolean>((resolve, reject) => {
      const worker = fork(WORKER, [suite], { execArgv: process.execArgv });
      let current: Job | undefined;
      let timer: NodeJS.Timeout | undefined;
      const next = () => {
        clearTimeout(timer);
        const { value } = queue.next() as { value: Job | undefined };
        current = value;
        if (current === undefined) {
          worker.disconnect();
          return;
        }
        timer = setTimeout(() => worker.kill("SIGKILL"), TIMEOUT_MS);
        worker.send(current);
      };
      // The first message, without outcomes, says that it is ready.
      worker.on("message", (results: readonly Outcome[]) => {
        if (results.length > 0) {
          onDone(results);
        }
        next();
      });
      worker.on("exit", (code, signal) => {
        clearTimeout(timer);
        const failure = `the process ended with ${signal ?? code ?? "nothing"}`;
        if (current !== undefined) {
          const { path, modes } = current;
          onDone(modes.map((mode) => ({ path, mode, failure })));
          resolve(true);
        } else if (code === 0) {
          resolve(false);
        } else {
          reject(new Error(`${failure} before it ran a test`));
        }
      });
    });
  }
}
