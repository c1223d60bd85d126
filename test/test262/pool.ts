import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

import type { Outcomes } from "./outcomes.ts";
import type { Job, Outcome } from "./worker.ts";

const WORKER = fileURLToPath(new URL("worker.ts", import.meta.url));
/** Of one test; the guard in the module ends loops long before. */
const TIMEOUT_MS = 300_000;

/** Runs the tests that have no outcome yet, in processes of low priority. */
export async function runAll(suite: string, outcomes: Outcomes, jobs: readonly Job[], processes: number): Promise<void> {
  const waiting = jobs.filter((job) => outcomes.get(job) === undefined);
  const all = waiting.length;
  const queue = waiting.values();
  let done = 0;
  const onOutcome = (outcome: Outcome) => {
    outcomes.add(outcome);
    if (++done % 500 === 0) {
      console.log(`${done} of ${all}`);
    }
  };
  await Promise.all(Array.from({ length: processes }, () => runWorker(suite, queue, onOutcome)));
}

/** One process after the other: one that ends has failed the test that it ran. */
async function runWorker(suite: string, queue: Iterator<Job>, onOutcome: (outcome: Outcome) => void): Promise<void> {
  for (let more = true; more;) {
    more = await new Promise<boolean>((resolve) => {
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
      worker.on("message", (message: "ready" | Outcome) => {
        if (message !== "ready") {
          onOutcome(message);
        }
        next();
      });
      worker.on("exit", (code, signal) => {
        clearTimeout(timer);
        if (current !== undefined) {
          onOutcome({ ...current, failure: `the process ended with ${signal ?? code ?? "nothing"}` });
        }
        resolve(current !== undefined);
      });
    });
  }
}
