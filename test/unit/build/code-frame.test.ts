import { join } from "node:path";

import { expect, test } from "vitest";

import { displayPath, messageWithFrame } from "../../../build/code-frame.ts";

test("a path is shown relative to the current folder when it is inside", () => {
  expect(displayPath(join(process.cwd(), "src/filter.ts"))).toBe(join("src", "filter.ts"));
  expect(displayPath("/elsewhere/filter.ts")).toBe("/elsewhere/filter.ts");
});

test("marks stay under what they mean, and within the line", () => {
  const position = { file: "/a.ts", line: 2, column: 4 };
  expect(messageWithFrame(position, "wrong", "1\r\n\t\tabc\n3", 99)).toBe(
    ["/a.ts:2:4 - error: wrong", "", "2 \t\tabc", "  \t\t ~~"].join("\n"),
  );
});

test("a long line is cut around the place", () => {
  const source = `${"a".repeat(500)}HERE${"b".repeat(500)}`;
  const [, , code, marks] = messageWithFrame({ file: "/a.ts", line: 1, column: 501 }, "x", source, 4).split("\n");
  expect(code).toBe(`1 ${"a".repeat(80)}HERE${"b".repeat(76)}`);
  expect(marks).toBe(`  ${" ".repeat(80)}~~~~`);
});

test("without the source there is no frame", () => {
  expect(messageWithFrame({ file: "/a.ts", line: 1, column: 1 }, "x", undefined, 1)).toBe("/a.ts:1:1 - error: x");
});
