import { expect, test } from "vitest";

import "./fake-shim.ts";

const { ReceivedHeaders, toPairs } = await import("../../../src/sdk/headers.ts");

test("headers may be given as pairs, a record or other headers", () => {
  const pairs: [string, string][] = [
    ["a", "1"],
    ["a", "2"],
  ];
  expect(toPairs(pairs)).toBe(pairs);
  expect(toPairs({ a: "1", b: "2" })).toEqual([
    ["a", "1"],
    ["b", "2"],
  ]);
  expect(toPairs(new Map([["a", "1"]]))).toEqual([["a", "1"]]);
  expect(toPairs(new ReceivedHeaders(pairs))).toEqual(pairs);
});

test("received headers are read by name, whatever the case", () => {
  const headers = new ReceivedHeaders([
    [":status", "200"],
    ["Set-Cookie", "a=1"],
    ["set-cookie", "b=2"],
  ]);
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
