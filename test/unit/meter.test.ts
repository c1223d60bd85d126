import { expect, test } from "vitest";

import { meterBranches } from "../../bench/meter/branches.ts";
import { meter } from "../../bench/meter/meter.ts";
import { wasm } from "../../build/wasm/api.ts";
import { assemble } from "../wasm-text.ts";

/** A loop of so many turns, and a choice. */
const TEXT = `(module
  (memory 1)
  (global $unused (mut i32) (i32.const 0))
  (func $leaf (export "leaf") (param i32) (result i32)
    (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.add (i32.const 2) (i32.const 3)))))
  (func $turns (export "turns") (param i32)
    (loop $again
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (drop (call $leaf (local.get 0)))
      (br_if $again (local.get 0)))))`;

function run(): { call: (name: string, parameter: number) => unknown; count: (what: string, name: string) => number } {
  const { bytes, functions } = meter(assemble(TEXT, { names: true }));
  const { exports } = new wasm.Instance(new wasm.Module(bytes), {});
  return {
    call: (name, parameter) => (exports[name] as (value: number) => unknown)(parameter),
    count: (what, name) => {
      const metered = functions.find((one) => one.name === name);
      const counter = what === "calls" ? metered?.calls : metered?.instructions;
      return Number((exports[counter ?? ""] as { value: bigint }).value);
    },
  };
}

test("each branch counts its own instructions", () => {
  const { call, count } = run();
  expect(call("leaf", 1)).toBe(1);
  expect(count("instructions", "leaf")).toBe(3); // local.get, if, i32.const
  expect(call("leaf", 0)).toBe(5);
  expect(count("instructions", "leaf")).toBe(3 + 5); // local.get, if, two i32.const and i32.add
  expect(count("calls", "leaf")).toBe(2);
});

test("a loop counts each of its turns", () => {
  const { call, count } = run();
  call("turns", 10);
  // local.get, i32.const, i32.sub, local.set, local.get, call, drop, local.get, br_if
  expect(count("instructions", "turns")).toBe(10 * 9);
  expect(count("calls", "leaf")).toBe(10);
  expect(count("calls", "turns")).toBe(1);
});

test("branches count which way they go, and go it", () => {
  const { bytes, branches } = meterBranches(assemble(TEXT, { names: true }));
  const { exports } = new wasm.Instance(new wasm.Module(bytes), {});
  const call = (name: string, value: number) => (exports[name] as (value: number) => unknown)(value);
  const read = (counter: string) => Number((exports[counter] as { value: bigint }).value);
  call("turns", 10); // calls leaf with 9 to 0
  expect(call("leaf", 1)).toBe(1);
  expect(call("leaf", 0)).toBe(5);
  const counts = branches.map(({ name, nth, taken, passed }) => [name, nth, read(taken), read(passed)]);
  expect(counts).toEqual([
    ["leaf", 0, 10, 2],
    ["turns", 0, 9, 1],
  ]);
});
