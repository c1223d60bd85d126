import { expect, test } from "vitest";

import "./fake-shim.ts";

const { describe } = await import("../../../src/sdk/describe.ts");

test.each([
  ["text", "text"],
  [5, "5"],
  [5n, "5n"],
  [null, "null"],
  [undefined, "undefined"],
  [Symbol("s"), "Symbol(s)"],
  [["a", 1, [true]], '["a", 1, [true]]'],
  [{ a: { b: "c" } }, '{a: {b: "c"}}'],
  [{ a: { b: { c: { d: { e: 1 } } } } }, "{a: {b: {c: {d: [object]}}}}"],
  [new Map([["a", 1]]), 'Map {"a" => 1}'],
  [new Set(["a"]), 'Set {"a"}'],
  [new Uint8Array([1, 2]), "Uint8Array(2) [1, 2]"],
  [Uint8Array.from({ length: 40 }, () => 7), `Uint8Array(40) [${Array.from({ length: 32 }, () => 7).join(", ")}, ...]`],
  [() => 1, "[function (anonymous)]"],
])("%s", (value, text) => {
  expect(describe(value)).toBe(text);
});

test("an error has its stack and its causes", () => {
  const error = new TypeError("outer", { cause: new Error("inner") });
  const text = describe(error);
  expect(text).toMatch(/^TypeError: outer\n/);
  expect(text).toContain("\ncaused by: Error: inner\n");
});

test("circles end", () => {
  const list: unknown[] = [];
  list.push(list);
  const error = new Error("around");
  error.cause = error;
  expect(describe(list)).toBe("[[circular]]");
  expect(describe(error)).toMatch(/caused by: \[circular\]$/);
});

test("what throws while it is looked at is said so", () => {
  const value = Object.defineProperty({}, "a", {
    enumerable: true,
    get: () => {
      throw new Error("a getter's error");
    },
  });
  expect(describe(value)).toBe("(a value that cannot be shown: a getter's error)");
});
