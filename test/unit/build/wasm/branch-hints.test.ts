import { expect, test } from "vitest";

import { hintsFor, parseBranches } from "../../../../build/engine/hints.ts";
import { BRANCH_HINTS, branchesOf, readBranchHints, withBranchHints } from "../../../../build/wasm/branch-hints.ts";
import { functionCode } from "../../../../build/wasm/code.ts";
import { functionNames } from "../../../../build/wasm/function-names.ts";
import { readModule } from "../../../../build/wasm/module.ts";
import { removeFunctions } from "../../../../build/wasm/remove-functions.ts";
import { assemble, signsOf } from "../../../wasm-text.ts";

/** More functions than one byte of an index can tell apart, before those that are looked at. */
const FILLERS = 200;

const TEXT = `(module
  ${Array.from({ length: FILLERS }, (_, at) => `(func $filler${at} (param i32) (result i32) (local.get 0))`).join("\n  ")}
  (func $turns (export "turns") (param i32) (result i32)
    (loop $again
      (drop (call $choice (local.get 0)))
      (local.set 0 (i32.sub (call $choice (local.get 0)) (i32.const 1)))
      (br_if $again (local.get 0)))
    (local.get 0))
  (func $choice (export "choice") (param i32) (result i32)
    (if (result i32) (local.get 0) (then (call $filler199 (local.get 0))) (else (i32.const 3)))))`;

const build = () => assemble(TEXT, { names: true });

/** The signs of the hints of each function, by name, in the order of its branches. */
function signs(module: Uint8Array): Record<string, string> {
  const info = readModule(module);
  const [names, code] = [functionNames(info), functionCode(info)];
  const entries = [...readBranchHints(info)].map(([index, hints]) => {
    const body = code.get(index) ?? new Uint8Array();
    expect(branchesOf(body)).toEqual(expect.arrayContaining([...hints.keys()]));
    return [names.get(index) ?? "", signsOf(body, hints)] as const;
  });
  return Object.fromEntries(entries);
}

const LISTED = parseBranches(["turns +", "choice -"]);

test("hints are written before the code, and read again", () => {
  const module = withBranchHints(build(), hintsFor(build(), LISTED).hints);
  expect(signs(module)).toEqual({ turns: "+", choice: "-" });
  const sections = readModule(module).sections.map(({ name }) => name);
  expect(sections[sections.indexOf(BRANCH_HINTS) + 1]).toBe("code");
});

test("other hints take the place of those that were there, and none leave no section", () => {
  const module = withBranchHints(build(), hintsFor(build(), LISTED).hints);
  const again = withBranchHints(module, hintsFor(module, parseBranches(["choice +"])).hints);
  expect(signs(again)).toEqual({ choice: "+" });
  expect(Buffer.compare(withBranchHints(again, new Map()), build())).toBe(0);
});

test("hints stay with their branches when functions go and calls become shorter", () => {
  const module = withBranchHints(build(), hintsFor(build(), LISTED).hints);
  const smaller = removeFunctions(module, { first: ["choice"] });
  expect(readModule(smaller).functions).toHaveLength(3);
  expect(signs(smaller)).toEqual({ turns: "+", choice: "-" });
});

test("a function with another number of branches than the list says, or none of that name, gets no hints", () => {
  const { hints, stale } = hintsFor(build(), parseBranches(["turns ++", "choice -", "gone -"]));
  expect(signs(withBranchHints(build(), hints))).toEqual({ choice: "-" });
  expect(stale).toEqual(["turns", "gone"]);
});
