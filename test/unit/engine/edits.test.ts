import { expect, test } from "vitest";

import { applyEdits } from "../../../build/engine/edits.ts";

const edit = { file: "a.c", why: "a test", find: "one\n", replace: "$& two\n" };

test("an edit replaces its place, whatever the replacement holds", () => {
  const files = applyEdits(new Map([["a.c", "zero\none\n"]]), [edit]);
  expect(files.get("a.c")).toBe("zero\n$& two\n");
});

test.each([
  ["the file is not there", new Map<string, string>(), 0],
  ["the place is not there", new Map([["a.c", "zero\n"]]), 0],
  ["the place is there twice", new Map([["a.c", "one\none\n"]]), 2],
])("%s: an error that names it", (_case, files, count) => {
  expect(() => applyEdits(files, [edit])).toThrow(
    `cannot edit the engine's a.c (a test): the place that starts with "one" is there ${count} times, expected once. ` +
      "build/engine/edits.ts was written for another version of the source.",
  );
});
