import { expect, test } from "vitest";

import "./fake-shim.ts";

const { flatten, ReceivedHeaders } = await import("../../../src/sdk/headers.ts");

test("headers may be given as pairs, a record or other headers", () => {
  expect(flatten(undefined)).toEqual([]);
  expect(flatten({ a: "1", b: "2" })).toEqual(["a", "1", "b", "2"]);
  expect(flatten(new Map([["a", "1"]]))).toEqual(["a", "1"]);
  expect(flatten(new ReceivedHeaders(["a", "1", "a", "2"]))).toEqual(["a", "1", "a", "2"]);
});

test("received headers are read by name, whatever the case", () => {
  const headers = new ReceivedHeaders([":status", "200", "Set-Cookie", "a=1", "set-cookie", "b=2"]);
  expect(headers.get("SET-COOKIE")).toBe("a=1, b=2");
  expect(headers.getAll("set-cookie")).toEqual(["a=1", "b=2"]);
  expect(headers.get("x-none")).toBeNull();
  expect(headers.getAll("x-none")).toEqual([]);
  expect([headers.has(":status"), headers.has("x-none")]).toEqual([true, false]);
  expect([...headers]).toEqual([
    [":status", "200"],
    ["Set-Cookie", "a=1"],
    ["set-cookie", "b=2"],
  ]);
});
