import { expect, test } from "vitest";

import "./fake-shim.ts";
import type { ConfigReader, StandardResult, StandardSchema } from "../../../src/sdk/config.ts";

const { configReader } = await import("../../../src/sdk/config.ts");

function read<Config>(text: string, reader: ConfigReader<Config> | undefined): Config | undefined {
  return configReader(reader)(text);
}

function schema(validate: (value: unknown) => StandardResult<string> | Promise<StandardResult<string>>) {
  return { "~standard": { version: 1, vendor: "test", validate } } satisfies StandardSchema<string>;
}

test("without a reader there is no configuration, whatever the host has", () => {
  expect(read("{not json", undefined)).toBeUndefined();
});

test("a function gets the parsed JSON, and undefined for an empty text", () => {
  expect(read('{"a": 1}', (json) => json)).toEqual({ a: 1 });
  expect(read(" \n", (json) => [json])).toEqual([undefined]);
});

test("text that is no JSON is refused, and so is what the function refuses", () => {
  expect(() => read("{", (json) => json)).toThrow(/^it is not JSON/);
  const refuse = () => {
    throw new Error("no");
  };
  expect(() => {
    read("1", refuse);
  }).toThrow("no");
});

test("a schema's value is the configuration, its issues are the reason of a refusal", () => {
  expect(
    read(
      '"a"',
      schema((value) => ({ value: `${String(value)}!` })),
    ),
  ).toBe("a!");
  const issues = [
    { message: "must be a number", path: ["limits", { key: "rate" }] },
    { message: "is empty", path: [] },
  ];
  expect(() =>
    read(
      "{}",
      schema(() => ({ issues })),
    ),
  ).toThrow("limits.rate: must be a number; is empty");
});

test("an asynchronous schema is refused", () => {
  expect(() =>
    read(
      "{}",
      schema(() => Promise.resolve({ value: "a" })),
    ),
  ).toThrow("its schema is asynchronous");
});
