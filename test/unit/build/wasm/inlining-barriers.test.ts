import { expect, test } from "vitest";

import { wasm } from "../../../../build/wasm/api.ts";
import { inliningBarriers, FILLERS } from "../../../../build/wasm/inlining-barriers.ts";
import { readModule } from "../../../../build/wasm/module.ts";
import { removeFunctions } from "../../../../build/wasm/remove-functions.ts";
import { simulateInlining } from "../../../v8-inlining.ts";
import { assemble } from "../../../wasm-text.ts";

/** Adds so many numbers, which takes a length of its own. */
const sum = (terms: number) =>
  Array.from({ length: terms }).reduce<string>(
    (text, _, at) => `(i32.add ${text} (i32.mul (local.get 0) (i32.const ${at + 3})))`,
    "(local.get 0)",
  );

/** Each calls one to five of those before it; the locals before the code differ, too. */
const TEXT = `(module
  (import "env" "host" (func $host (param i32) (result i32)))
  (func $nothing (export "nothing"))
  (func $f0 (param i32) (result i32) (call $host ${sum(3)}))
  ${Array.from({ length: 40 }, (_, at) => {
    const calls = Array.from({ length: 1 + (at % 5) }, (_, nth) => `(call $f${Math.floor(at / (nth + 2))}`);
    const call = calls.reduce((text, each) => `${each} ${text})`, sum(at * 2));
    return `(func $f${at + 1} (export "f${at + 1}") (param i32) (result i32) ${"(local i64 f32) ".repeat(at % 3)}${call})`;
  }).join("\n  ")}
  (func $loop (export "loop") (param i32) (result i32) (local $left i32) (local $sum i32)
    (local.set $left (i32.const 5))
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (call $f7 (local.get $left))))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (local.get $sum)))`;

const module = assemble(TEXT);

function results(bytes: Uint8Array): (number | undefined)[] {
  const host = (value: number) => (value ^ 0x55) | 0;
  const { exports } = new wasm.Instance(new wasm.Module(bytes), { env: { host } });
  return readModule(bytes).exports.map(({ name }) => (exports[name] as (value: number) => number | undefined)(3));
}

test("a host's compiler has no room to put functions into their callers, and all do what they did", () => {
  const before = simulateInlining(removeFunctions(module));
  expect(before.inlined).toBeGreaterThan(before.own);
  const apart = removeFunctions(module, { keepApart: { except: [] } });
  const after = simulateInlining(apart);
  expect(after.inlined).toBeLessThan(before.own / 20);
  expect(after.own).toBeGreaterThan(before.own);
  expect(results(apart)).toEqual(results(module));
});

test("a function that calls none of the module's, or only what has no room in any case, stays as it is", () => {
  const leaf = { length: 100, callees: [] };
  const large = { length: 10_000, callees: [] };
  const barriers = inliningBarriers([leaf, large, { length: 30, callees: [1] }, { length: 200, callees: [0] }], 5);
  expect(barriers.map(({ length }) => length > 0)).toEqual([false, false, false, true]);
});

test("a very large function gets a barrier of as many calls as a compiler looks at, at most", () => {
  const [, barrier] = inliningBarriers(
    [
      { length: 20, callees: [] },
      { length: 60_000, callees: [0] },
    ],
    5,
  );
  const calls = [...(barrier ?? [])].filter((byte) => byte === 0x10);
  expect(calls).toHaveLength(60);
  expect(FILLERS.every((length, at) => at === 0 || length < (FILLERS[at - 1] ?? 0))).toBe(true);
});
