import { describe, expect, test } from "vitest";

import { decodePairs, encodePairs } from "./pairs.ts";

const block = (...bytes: number[]) => Uint8Array.from(bytes);

describe("a list of pairs", () => {
  test("has the layout of the specification", () => {
    expect(encodePairs([["a", "bc"]])).toEqual(
      block(1, 0, 0, 0, /* sizes */ 1, 0, 0, 0, 2, 0, 0, 0, /* a */ 97, 0, /* bc */ 98, 99, 0),
    );
  });

  test("is the same after encoding and decoding, byte for byte", () => {
    const pairs = [
      [":path", "/"],
      ["empty", ""],
      ["", "no name"],
      ["x-bytes", "\u0001\u007f\u0080\u00ff"],
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ] as const;
    expect(decodePairs(encodePairs(pairs))).toEqual(pairs);
  });

  test("may hold zero bytes, because the sizes count", () => {
    expect(decodePairs(encodePairs([["a\0b", "\0"]]))).toEqual([["a\0b", "\0"]]);
  });

  test("is an empty block when it is empty", () => {
    expect(encodePairs([])).toEqual(block());
    expect(decodePairs(block())).toEqual([]);
    expect(decodePairs(block(0, 0, 0, 0))).toEqual([]);
  });

  test("refuses characters that are no bytes", () => {
    expect(() => encodePairs([["a", "\u0100"]])).toThrow(TypeError);
  });
});

describe("malformed:", () => {
  const good = [...encodePairs([["a", "bc"]])];

  test.each([
    ["shorter than a count", block(1, 0, 0)],
    ["a count without sizes", block(1, 0, 0, 0)],
    ["a count that overflows", block(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)],
    ["cut off", block(...good.slice(0, -1))],
    ["bytes left over", block(...good, 0)],
    ["a size beyond the end", block(...good.with(4, 200))],
    ["a huge size", block(...good.with(7, 255))],
    ["a name that does not end in zero", block(...good.with(13, 1))],
    ["a value that does not end in zero", block(...good.with(16, 1))],
    ["more than 1024 pairs", encodePairs(Array.from({ length: 1025 }, () => ["a", "b"] as const))],
    ["more than 1 MiB", encodePairs([["a", "b".repeat(1024 * 1024)]])],
  ])("%s", (_what, bytes) => {
    expect(decodePairs(bytes)).toBeUndefined();
  });

  test("but at the limits, it is not", () => {
    expect(decodePairs(encodePairs(Array.from({ length: 1024 }, () => ["a", "b"] as const)))).toHaveLength(1024);
  });
});
