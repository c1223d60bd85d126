import type { Mode } from "./guest.ts";
import { CODE_FROM_STRINGS } from "./leave-out.ts";
import type { Outcomes } from "./outcomes.ts";
import type { Upstream } from "./upstream.ts";

/** Of src/shim/prune.c and regexp.c. */
const REMOVED = "was left out of the module";
/** Of the engine, where code is made of a string in a way that the rules have not seen. */
const NO_PARSER = "eval is not supported";

interface Summary {
  readonly text: string;
  readonly bugs: number;
}

/** What came of the tests, by mode. Failures are bugs, but for those that upstream knows, and builtins that are reached by a computed name. */
export function summarize(
  paths: readonly string[],
  modes: readonly Mode[],
  leftOut: ReadonlyMap<string, number>,
  outcomes: Outcomes,
  upstream: Upstream,
): Summary {
  const lines: string[] = [];
  let bugs = 0;
  for (const mode of modes) {
    const counts = {
      run: 0,
      passed: 0,
      "known to upstream": 0,
      "builtins by a computed name": 0,
      [CODE_FROM_STRINGS]: 0,
      bugs: 0,
    };
    for (const path of paths) {
      const outcome = outcomes.get(path, mode);
      if (outcome === undefined) {
        throw new Error(`${path} was not run: ${mode}`);
      }
      counts.run++;
      const { failure } = outcome;
      if (failure === undefined) {
        counts.passed++;
      } else if (upstream.isKnownFailure(path)) {
        counts["known to upstream"]++;
      } else if (mode !== "kept" && failure.includes(REMOVED) && passesKept(path, outcomes)) {
        counts["builtins by a computed name"]++;
      } else if (failure.includes(NO_PARSER)) {
        counts[CODE_FROM_STRINGS]++;
      } else {
        counts.bugs++;
        lines.push(`${mode} ${path}: ${failure}`);
      }
    }
    bugs += counts.bugs;
    lines.push(`${mode}: ${JSON.stringify(counts)}`);
  }
  lines.push("left out:", ...[...leftOut].map(([reason, count]) => `${String(count).padStart(6)}  ${reason}`));
  return { text: lines.join("\n"), bugs };
}

function passesKept(path: string, outcomes: Outcomes): boolean {
  const kept = outcomes.get(path, "kept");
  return kept !== undefined && kept.failure === undefined;
}
