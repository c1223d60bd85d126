import { expect, test } from "vitest";

import { dataSegments } from "../../../../build/wasm/data.ts";
import { readModule } from "../../../../build/wasm/module.ts";
import { assemble } from "../../../wasm-text.ts";

test("the address of a segment is known when it is a constant", () => {
  const module = assemble(`(module
    (import "env" "base" (global $base i32))
    (memory 1)
    (data (i32.const 70000) "abc")
    (data (global.get $base) "de")
    (data (offset (i32.add (i32.const 1) (global.get $base))) "f")
    (data "passive"))`);
  const segments = dataSegments(readModule(module).sections);
  expect(segments.map(({ offset, length }) => [offset, length])).toEqual([
    [70000, 3],
    [undefined, 2],
    [undefined, 1],
    [undefined, 7],
  ]);
});
