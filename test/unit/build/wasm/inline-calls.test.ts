import { expect, test } from "vitest";

import { hintsFor, parseBranches } from "../../../../build/engine/hints.ts";
import { wasm } from "../../../../build/wasm/api.ts";
import { readBranchHints, withBranchHints } from "../../../../build/wasm/branch-hints.ts";
import { functionCode } from "../../../../build/wasm/code.ts";
import { functionNames } from "../../../../build/wasm/function-names.ts";
import { inlineOnlyCalls } from "../../../../build/wasm/inline-calls.ts";
import { readModule } from "../../../../build/wasm/module.ts";
import { removeFunctions } from "../../../../build/wasm/remove-functions.ts";
import { assemble, signsOf } from "../../../wasm-text.ts";

const TEXT = `(module
  (import "env" "host" (func $host (param i32) (result i32)))
  (type $one (func (param i32) (result i32)))
  (table funcref (elem $in_table))
  (func $in_table (param i32) (result i32) (i32.add (local.get 0) (i32.const 3)))
  (func $mixed (param i64 f64 i32) (result f64) (local f32 i64)
    (if (i32.eqz (local.get 2)) (then (return (local.get 1))))
    (local.set 4 (i64.mul (local.get 0) (i64.const 3)))
    (block (loop $again
      (br_if 1 (i64.gt_s (local.get 4) (i64.const 100)))
      (if (i32.gt_s (local.get 2) (i32.const 40)) (then (return (f64.const 40.5))))
      (local.set 4 (i64.add (local.get 4) (i64.const 7)))
      (local.set 2 (call $deepest (local.get 2)))
      (br $again)))
    (f64.add (local.get 1) (f64.convert_i64_s (local.get 4))))
  (func $deepest (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func $nothing (param i32) (if (local.get 0) (then (drop (call $host (i32.const 7))))))
  (func $deep (param i32) (result i32) (local i32)
    (local.set 1 (i32.add (local.get 1) (local.get 0)))
    (call $nothing (local.get 0))
    (i32.add (local.get 1) (call $deeper (i32.mul (local.get 0) (i32.const 5)))))
  (func $deeper (param i32) (result i32)
    (block $out (result i32)
      (drop (br_if $out (i32.const 11) (i32.gt_s (local.get 0) (i32.const 20))))
      (if (result i32) (local.get 0) (then (call $host (local.get 0))) (else (return (i32.const -1))))))
  (func $twice (param i32) (result i32) (i32.sub (local.get 0) (i32.const 9)))
  (func $in_loop (param i32) (result i32) (local i32)
    (local.set 1 (i32.add (local.get 1) (i32.const 1)))
    (i32.sub (local.get 0) (local.get 1)))
  (func $unlisted (param i32) (result i32) (i32.xor (local.get 0) (i32.const 85)))
  (func $exported (export "exported") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func $main (export "main") (param i32) (result f64) (local $sum i32) (local $left i32)
    (local.set $left (i32.const 3))
    (if (i32.ne (local.get 0) (i32.const 1)) (then (local.set $sum (call $deep (local.get 0)))))
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (call $in_loop (local.get $left))))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (local.set $sum (i32.add (local.get $sum) (call $twice (call $twice (call $exported (local.get 0))))))
    (local.set $sum (i32.add (local.get $sum) (call_indirect (type $one) (local.get 0) (i32.const 0))))
    (local.set $sum (i32.add (local.get $sum) (call $unlisted (local.get 0))))
    (call $mixed (i64.extend_i32_s (local.get 0)) (f64.convert_i32_s (local.get $sum)) (local.get 0)))
  (func $unused (param i32) (result i32) (call $deeper (call $unused (local.get 0)))))`;

const LISTED = [
  "main",
  "deep",
  "deeper",
  "nothing",
  "mixed",
  "deepest",
  "twice",
  "in_loop",
  "exported",
  "in_table",
  "host",
  "unused",
];
const module = assemble(TEXT, { names: true });
const inlined = removeFunctions(inlineOnlyCalls(module, LISTED));

function results(bytes: Uint8Array): unknown[] {
  const asked: number[] = [];
  const host = (value: number) => {
    asked.push(value);
    return value ^ 0x55;
  };
  const { exports } = new wasm.Instance(new wasm.Module(bytes), { env: { host } });
  const main = exports["main"] as (value: number) => number;
  return [-30, -1, 0, 1, 2, 3, 4, 5, 30, 50].map((value) => [main(value), ...asked.splice(0)]);
}

const functionsOf = (bytes: Uint8Array) => [...functionNames(readModule(bytes)).values()].sort();

test("functions with one call are in their callers, and all does what it did", () => {
  expect(functionsOf(inlined)).toEqual([
    "deepest",
    "exported",
    "host",
    "in_loop",
    "in_table",
    "main",
    "twice",
    "unlisted",
  ]);
  expect(results(inlined)).toEqual(results(module));
  expect(new Set(results(module).map((result) => JSON.stringify(result))).size).toBe(10);
});

test("a function that is not named is neither put into another nor takes one", () => {
  const some = removeFunctions(
    inlineOnlyCalls(
      module,
      LISTED.filter((name) => name !== "deep"),
    ),
  );
  expect(functionsOf(some)).toEqual(expect.arrayContaining(["deep", "deeper", "nothing"]));
  expect(functionsOf(some)).not.toContain("mixed");
  expect(results(some)).toEqual(results(module));
});

test("the hints of branches go along", () => {
  const listed = parseBranches(["main -+", "deep ", "deeper -+", "nothing +", "mixed -+-"]);
  const hinted = inlineOnlyCalls(withBranchHints(module, hintsFor(module, listed).hints), LISTED);
  const info = readModule(hinted);
  const main = [...functionNames(info)].find(([, name]) => name === "main")?.[0] ?? 0;
  const body = functionCode(info).get(main) ?? new Uint8Array();
  // Its own branch, then those of what is called within that: deep's first callee, then its second; its loop; and last, mixed.
  expect(signsOf(body, readBranchHints(info).get(main) ?? new Map())).toBe("-+-++-+-");
});
