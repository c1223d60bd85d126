import { expect, test } from "vitest";

import "./fake-shim.ts";
import type { StandardResult, StandardSchema } from "../../../src/sdk/config.ts";

const { readConfig } = await import("../../../src/sdk/config.ts");

function schema(validate: (value: unknown) => StandardResult<string> | Promise<StandardResult<string>>) {
  return { "~standard": { version: 1, vendor: "test", validate } } satisfies StandardSchema<string>;
}

test("without a reader there is no configuration, whatever the host has", () => {
  expect(readConfig("{not json", undefined)).toBeUndefined();
});

test("a function gets the parsed JSON, and undefined for an empty text", () => {
  expect(readConfig('{"a": 1}', (json) => json)).toEqual({ a: 1 });
  expect(readConfig(" \n", (json) => [json])).toEqual([undefined]);
});

test("text that is no JSON is refused, and so is what the function refuses", () => {
  expect(() => readConfig("{", (json) => json)).toThrow(/^it is not JSON/);
  const refuse = () => {
    throw new Error("no");
  };
  expect(() => {
    readConfig("1", refuse);
  }).toThrow("no");
});

test("a schema's value is the configuration, its issues are the reason of a refusal", () => {
  expect(
    readConfig(
      '"a"',
      schema((value) => ({ value: `${String(value)}!` })),
    ),
  ).toBe("a!");
  const issues = [
    { message: "must be a number", path: ["limits", { key: "rate" }] },
    { message: "is empty", path: [] },
  ];
  expect(() =>
    readConfig(
      "{}",
      schema(() => ({ issues })),
    ),
  ).toThrow("limits.rate: must be a number; is empty");
});

test("an asynchronous schema is refused", () => {
  expect(() =>
    readConfig(
      "{}",
      schema(() => Promise.resolve({ value: "a" })),
    ),
  ).toThrow("its schema is asynchronous");
});
