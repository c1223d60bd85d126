import { fileURLToPath } from "node:url";

import { bundle } from "../../build/steps/bundle.ts";
import type { Bundle } from "../../build/steps/bundle.ts";
import { BundleMap } from "../../build/source-map.ts";
import type { Suite, SuiteTest } from "./suite.ts";

/** What a test's module logs. */
const PASSED = "test262: passed";
const FAILED = "test262: failed: ";
/** Of `$DONE` in the harness. */
const ASYNC_PASSED = "Test262:AsyncTestComplete";
const ASYNC_FAILED = "Test262:AsyncTestFailure:";

const NO_MAP = new BundleMap(JSON.stringify({ version: 3, sources: [], names: [], mappings: "" }), "/");

/** Where the harness makes code of a string, and what stands there instead. */
const CODE_OF_STRINGS: readonly (readonly [RegExp, string])[] = [
  [/\bFunction\("return this;"\)\(\)/, "globalThis"],
  [/\bnew Function\('return class My'.*\)\(\)/, "class extends globalThis[type] {}"],
];

function withoutCodeOfStrings(harness: string): string {
  return CODE_OF_STRINGS.reduce((text, [pattern, code]) => text.replace(pattern, code), harness);
}

/** filter.ts, for `scriptOf`. */
export function bundleFilter(): Promise<Bundle> {
  return bundle(fileURLToPath(new URL("filter.ts", import.meta.url)), "/test262/filter.wasm");
}

/**
 * The program that runs a test in a hook, when builtins have been taken out: the harness is its top level, with global variables as the
 * suite wants them, and the test is the body of a function.
 *
 * @param filter - the bundle of filter.ts, which calls that function
 */
export async function scriptOf(test: SuiteTest, suite: Suite, filter: Bundle): Promise<Bundle> {
  const isAsync = test.flags.includes("async");
  const names = ["assert.js", "sta.js", ...(isAsync ? ["doneprintHandle.js"] : []), ...test.includes];
  const harness = await Promise.all(names.map(async (name) => withoutCodeOfStrings(await suite.harness(name))));
  const detach = test.includes.includes("detachArrayBuffer.js")
    ? "var $262 = { detachArrayBuffer(buffer) { buffer.transfer(); } };"
    : "";
  const script = `"use strict";
var print;
${detach}
${harness.join("\n")}
function runTest(log) {
  print = log;
  try {
    (function () {
${test.code}
    }).call(globalThis);
  } catch (error) {
    ${onError(test)}
    return;
  }
  ${test.negative !== undefined ? `log("${FAILED}no error");` : isAsync ? "" : `log("${PASSED}");`}
}
${filter.script}`;
  return { ...filter, script, map: NO_MAP };
}

function onError({ negative }: SuiteTest): string {
  const failed = `log("${FAILED}" + error);`;
  const expected = `error?.constructor?.name === ${JSON.stringify(negative?.type)}`;
  return negative === undefined ? failed : `if (${expected}) log("${PASSED}"); else ${failed}`;
}

/** What a test's lines say: undefined, that it has passed, or why it has not. */
export function failureOf(test: SuiteTest, lines: readonly string[]): string | undefined {
  const failed = lines.find((line) => line.startsWith(FAILED) || line.startsWith(ASYNC_FAILED));
  if (failed !== undefined) {
    return failed.slice(failed.startsWith(FAILED) ? FAILED.length : ASYNC_FAILED.length);
  }
  const passed = test.flags.includes("async") && test.negative === undefined ? ASYNC_PASSED : PASSED;
  return lines.includes(passed) ? undefined : `no result; the log has: ${lines.join(" | ")}`;
}
