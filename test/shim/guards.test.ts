import { fileURLToPath } from "node:url";

import { beforeAll, describe, expect, test } from "vitest";

import { attacks } from "../attacks/attacks.ts";
import type { End } from "../attacks/attacks.ts";
import { compileFilter, compileNatively, run } from "./native-program.ts";

/** Steps are basic blocks; guards.c lets each take 4 ns, so that this is the default of limits.callbackMs. */
const DEADLINE = 25_000_000;
/**
 * What may come after it, such as freeing what the attack has made: as much again at most. A chain of 20 000 prototypes is looked
 * through 250 times before the clock is first read, at some 47 steps for each, and a slow slice that nothing accounts for counts as a
 * quarter of the deadline.
 */
const REST = 25_000_000;
const MORE: Readonly<Record<string, number>> = { "builtins.prototypes": 230_000_000 };
/** Names of properties stay in the engine's table of names, which does not shrink. */
const HEAP_GROWTH = 2_000_000;

const MESSAGES: Readonly<Record<End, RegExp>> = {
  time: /longer than (100 ms|limits\.callbackMs)|a promise job failed/,
  heap: /out of memory/,
  stack: /Maximum call stack size exceeded/,
  error: /./,
};

interface Result {
  readonly steps: number;
  readonly reply: number;
  readonly heap: number;
  readonly jobs: number;
  readonly log: string;
}

const results = new Map<string, Result>();

beforeAll(async () => {
  const program = await compileNatively("guards", ["-g", "-fsanitize-coverage=trace-pc"]);
  const bytecode = await compileFilter("guards", fileURLToPath(new URL("../attacks/filter.ts", import.meta.url)));
  // One after the other in one VM: each has to leave it as it was.
  const { stdout } = await run(program, [bytecode, ...Object.keys(attacks)], { maxBuffer: 2 ** 24 });
  for (const line of stdout.split("\n").filter((text) => text !== "")) {
    const [name, when, steps, reply, , heap, jobs, log] = JSON.parse(line) as [
      string,
      string,
      number,
      number,
      number,
      number,
      number,
      string,
    ];
    results.set(`${name} ${when}`, { steps, reply, heap, jobs, log });
  }
}, 280_000);

describe.each(["now", "later"])("%s", (when) => {
  test.each(Object.entries(attacks))("%s ends, and leaves nothing behind", (name, { end }) => {
    const result = results.get(`${name} ${when}`);
    const { heap = 0 } = results.get(`nothing ${when}`) ?? {};
    expect(result?.reply).toBe(500);
    const messages = (Array.isArray(end) ? end : [end]).map((one: End) => MESSAGES[one].source);
    expect(result?.log).toMatch(name.startsWith("thrown.") ? /^/ : new RegExp(messages.join("|")));
    expect(result?.steps).toBeLessThan(DEADLINE + (MORE[name] ?? REST));
    expect(result?.heap).toBeLessThan(heap + HEAP_GROWTH);
    expect(result?.jobs).toBe(0);
  });
});
