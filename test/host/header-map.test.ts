import { expect, test } from "vitest";

import { HeaderMap } from "./header-map.ts";

// The expectations were measured with Envoy 1.40.

test("pseudo headers come first", () => {
  const map = new HeaderMap("request", [
    [":path", "/"],
    ["x-a", "1"],
    [":method", "GET"],
  ]);
  expect([...map].map(([name]) => name)).toEqual([":path", ":method", "x-a"]);
});

test("adding joins the values of some headers, and repeats the others", () => {
  const request = new HeaderMap("request");
  const response = new HeaderMap("response");
  for (const name of ["Accept", "etag", "x-a", "cookie"]) {
    for (const map of [request, response]) {
      map.add(name, "a");
      map.add(name, "b");
    }
  }
  const repeated = (name: string) => [name, "a", name, "b"];
  expect([...request].flat()).toEqual(["accept", "a,b", ...["etag", "x-a", "cookie"].flatMap(repeated)]);
  expect([...response].flat()).toEqual([...repeated("accept"), "etag", "a,b", ...["x-a", "cookie"].flatMap(repeated)]);
});

test("what is empty is joined without a comma", () => {
  const map = new HeaderMap("request", [
    ["via", ""],
    ["via", "a"],
    ["via", ""],
    ["via", "b"],
  ]);
  expect([...map]).toEqual([["via", "a,b"]]);
});

test("setting removes all values and goes to the end", () => {
  const map = new HeaderMap("request", [
    ["x-a", "1"],
    ["x-b", "2"],
    ["X-A", "3"],
  ]);
  map.replace("X-a", "4");
  expect([...map]).toEqual([
    ["x-b", "2"],
    ["x-a", "4"],
  ]);
  map.remove("X-B");
  expect(map.size).toBe(1);
});

test("a lookup gives the first value, whatever the case of the name", () => {
  const map = new HeaderMap("response", [
    ["Set-Cookie", "a=1"],
    ["set-cookie", "b=2"],
  ]);
  expect(map.get("SET-COOKIE")).toBe("a=1");
  expect(map.get("x-none")).toBeUndefined();
  expect(map.byteSize).toBe("set-cookiea=1set-cookieb=2".length);
});
