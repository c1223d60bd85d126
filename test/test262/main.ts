/**
 * Runs the tests of test262 that a filter's code can meet, on the product's engine:
 *
 *     npm run test:262 -- --suite PATH --upstream PATH [--modes kept,pruned,module] [--sample N] [--only TEXT] [--processes 2]
 *
 * --suite is a checkout of tc39/test262, --upstream one of quickjs-ng/quickjs, whose list of known failures counts; its submodule
 * names the commit of the suite. Outcomes are kept in .cache/test262 for each engine and each state of these files, so that a run can
 * be stopped and goes on.
 */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";

import { readEngine } from "../../build/steps/engine-module.ts";
import type { Mode } from "./guest.ts";
import { FOLDERS, reasonToLeaveOut } from "./leave-out.ts";
import { Outcomes } from "./outcomes.ts";
import { runAll } from "./pool.ts";
import { Suite } from "./suite.ts";
import { summarize } from "./summary.ts";
import { Upstream } from "./upstream.ts";

const MODES: readonly Mode[] = ["kept", "pruned", "module"];

const { values } = parseArgs({
  options: {
    suite: { type: "string" },
    upstream: { type: "string" },
    modes: { type: "string", default: MODES.join(",") },
    sample: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    processes: { type: "string", default: "2" },
  },
});
if (values.suite === undefined || values.upstream === undefined) {
  throw new Error("--suite PATH and --upstream PATH name checkouts of tc39/test262 and of quickjs-ng/quickjs");
}
const modes = values.modes.split(",").map(modeOf);
const suite = new Suite(values.suite);
const upstream = await Upstream.read(values.upstream);

const leftOut = new Map<string, number>();
const chosen: string[] = [];
for (const folder of FOLDERS) {
  const paths = (await suite.paths(folder)).filter((path) => path.includes(values.only));
  for (const [at, path] of paths.entries()) {
    if (at % Number(values.sample) !== 0) {
      continue;
    }
    const reason = reasonToLeaveOut(await suite.read(path), upstream);
    if (reason === undefined) {
      chosen.push(path);
    } else {
      leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1);
    }
  }
}

const hash = createHash("sha256");
for (const name of ["runtime", "compiler"] as const) {
  hash.update(await readEngine(name));
}
for (const name of ["script", "filter", "guest"]) {
  hash.update(await readFile(new URL(`${name}.ts`, import.meta.url)));
}
const outcomes = await Outcomes.open(`.cache/test262/${hash.digest("hex").slice(0, 12)}.jsonl`);
await runAll(values.suite, outcomes, chosen, modes, Number(values.processes));
const { text, bugs } = summarize(chosen, modes, leftOut, outcomes, upstream);
console.log(text);
process.exitCode = bugs > 0 ? 1 : 0;

function modeOf(name: string): Mode {
  const mode = MODES.find((each) => each === name);
  if (mode === undefined) {
    throw new Error(`there is no mode ${name}: --modes takes ${MODES.join(",")}`);
  }
  return mode;
}
