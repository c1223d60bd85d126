import { expect, test } from "vitest";

import "./fake-shim.ts";

const { defineFilter, isFilter } = await import("../../../src/sdk/filter.ts");
const { Response } = await import("../../../src/sdk/response.ts");

test("defineFilter makes a filter, and nothing else is one", () => {
  const filter = defineFilter({ onRequestHeaders: () => undefined });
  expect(isFilter(filter)).toBe(true);
  expect(isFilter({ ...filter })).toBe(false);
  expect(isFilter(undefined)).toBe(false);
});

test.each([
  [
    { onRequest: () => undefined },
    "defineFilter: unknown option onRequest; there are config, limits, onError, whileSettingUp, requestBody, responseBody, onRequestHeaders",
  ],
  [{ onRequestHeaders: "no" }, "defineFilter: onRequestHeaders must be a function"],
  [{ onError: "ignore" }, 'defineFilter: onError must be "fail" or "continue"'],
])("defineFilter(%o) is refused", (definition, message) => {
  expect(() => defineFilter(definition as never)).toThrow(message);
});

test("a Response is text unless it says otherwise", () => {
  expect(new Response("no", { status: 403 })).toMatchObject({
    status: 403,
    body: "no",
    headerPairs: [["content-type", "text/plain; charset=utf-8"]],
  });
  expect(new Response("<a>", { headers: { "Content-Type": "text/html" } }).headerPairs).toEqual([
    ["Content-Type", "text/html"],
  ]);
  expect(new Response(null)).toMatchObject({ status: 200, body: undefined, headerPairs: [] });
});

test("Response.json keeps the other headers, repeated ones too", () => {
  const headers: [string, string][] = [
    ["set-cookie", "a"],
    ["set-cookie", "b"],
  ];
  expect(Response.json({ a: 1 }, { status: 429, headers })).toMatchObject({
    status: 429,
    body: '{"a":1}',
    headerPairs: [...headers, ["content-type", "application/json"]],
  });
});

test.each([199, 600, 200.5, Number.NaN])("status %d is a RangeError", (status) => {
  expect(() => new Response("", { status })).toThrow(RangeError);
});
