/** That the runner of test262 (test/test262, no part of the gate) tells tests that pass from tests that fail, with a tiny suite of our own. */

import { beforeAll, describe, expect, test } from "vitest";

import type { Bundle } from "../../build/steps/bundle.ts";
import { tempProject } from "../temp-project.ts";
import { compileProgram, logsOf } from "../test262/guest.ts";
import type { Mode } from "../test262/guest.ts";
import { bundleFilter, failureOf, scriptOf } from "../test262/script.ts";
import { Suite } from "../test262/suite.ts";

const HARNESS = {
  "harness/assert.js": `function assert(holds) { if (holds !== true) throw new Test262Error("it does not hold"); }`,
  "harness/sta.js": `function Test262Error(message) { this.message = message; }
    Test262Error.prototype.toString = function () { return "Test262Error: " + this.message; };`,
  "harness/doneprintHandle.js": `function $DONE(error) {
    print(error ? "Test262:AsyncTestFailure:" + error : "Test262:AsyncTestComplete"); }`,
  "harness/fnGlobalObject.js": `var theGlobal = Function("return this;")(); function fnGlobalObject() { return theGlobal; }`,
};

/** Front matter, code, and what is wrong with it. */
const TESTS: readonly (readonly [name: string, front: string, code: string, failure: RegExp | undefined])[] = [
  ["it passes", "{}", `assert([1, 2].at(-1) === 2);`, undefined],
  ["it fails", "{}", `assert([1, 2].at(-1) === 1);`, /^Test262Error: it does not hold$/],
  ["an error that is expected", "negative: { phase: runtime, type: TypeError }", `null.a;`, undefined],
  ["an error of another kind", "negative: { phase: runtime, type: RangeError }", `null.a;`, /^TypeError: cannot read/],
  ["no error where one is expected", "negative: { phase: runtime, type: RangeError }", ``, /^no error$/],
  ["promises", "flags: [async]", `Promise.resolve().then(() => { $DONE(); });`, undefined],
  ["promises that fail", "flags: [async]", `Promise.reject("why").then($DONE, $DONE);`, /^why$/],
  ["promises without an end", "flags: [async]", `new Promise(() => {}).then($DONE);`, /^no result/],
  [
    "harness with code from strings",
    "includes: [fnGlobalObject.js]",
    `assert(fnGlobalObject() === globalThis);`,
    undefined,
  ],
  ["globals and this", "{}", `assert(this === globalThis && Object.hasOwn(this, "Test262Error"));`, undefined],
  ["a syntax error", "{}", `let let = 1;`, /SyntaxError/],
];

let filter: Bundle;

beforeAll(async () => {
  filter = await bundleFilter();
});

async function failureOfTest(front: string, code: string, mode: Mode): Promise<string | undefined> {
  await using project = await tempProject({ ...HARNESS, "test/a.js": `/*---\n${front}\n---*/\n${code}` });
  const suite = new Suite(project.path("."));
  const read = await suite.read("test/a.js");
  try {
    return failureOf(read, await logsOf(await compileProgram(await scriptOf(read, suite, filter)), mode));
  } catch (error) {
    return String(error);
  }
}

describe.each(["kept", "pruned", "module"] as const)("%s", (mode) => {
  test.each(TESTS)("%s", async (_, front, code, failure) => {
    const found = await failureOfTest(front, code, mode);
    if (failure === undefined) {
      expect(found).toBeUndefined();
    } else {
      expect(found).toMatch(failure);
    }
  });

  test("a builtin by a computed name", async () => {
    const found = await failureOfTest("{}", `assert([1][["to", "Spliced"].join("")](0, 1).length === 0);`, mode);
    if (mode === "kept") {
      expect(found).toBeUndefined();
    } else {
      expect(found).toMatch(/toSpliced was left out of the module/);
    }
  });
});
