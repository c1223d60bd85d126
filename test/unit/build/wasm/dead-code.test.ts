import { expect, test } from "vitest";

import { wasm } from "../../../../build/wasm/api.ts";
import { branchesOf, MovedHints } from "../../../../build/wasm/branch-hints.ts";
import { narrowJumpTable } from "../../../../build/wasm/dead-code.ts";
import { concat, encodeSection, encodeU32 } from "../../../../build/wasm/encode.ts";
import { SectionId } from "../../../../build/wasm/module.ts";

/** (i32) -> i32: 10 for 1, 20 for 2, 30 for 3; 40 for all else. */
const SWITCH = Uint8Array.from(
  [
    [0], // no locals
    ...[0x02, 0x40, 0x02, 0x40, 0x02, 0x40, 0x02, 0x40], // four blocks
    [0x20, 0, 0x41, 1, 0x6b], // the parameter - 1
    [0x0e, 3, 0, 1, 2, 3],
    [0x0b, 0x41, 10, 0x0f], // the end of a block, return 10
    [0x0b, 0x02, 0x40, 0x0c, 0, 0x0b, 0x41, 20, 0x0f], // with a block within
    [0x0b, 0x41, 30, 0x0f],
    [0x0b, 0x41, 40, 0x0b],
  ].flat(),
);

function run(body: Uint8Array, value: number): unknown {
  const section = (id: number, ...content: number[]) => encodeSection(id, Uint8Array.from(content));
  const bytes = concat([
    Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0),
    section(SectionId.Type, 1, 0x60, 1, 0x7f, 1, 0x7f),
    section(SectionId.Function, 1, 0),
    section(SectionId.Export, 1, 1, 0x66, 0, 0),
    section(SectionId.Code, 1, ...encodeU32(body.length), ...body),
  ]);
  const { f } = new wasm.Instance(new wasm.Module(bytes), {}).exports as { f: (value: number) => number };
  return f(value);
}

/** With the labels of these values alone. */
function narrowed(...kept: number[]): Uint8Array {
  return narrowJumpTable(
    SWITCH,
    ({ operands }) => operands.length > 3,
    ({ operands }, first) => operands.map((label, at) => (at === 3 || kept.includes(at + first) ? label : 3)),
  );
}

test("a jump table's labels belong to values from the one that is subtracted before it", () => {
  expect([0, 1, 2, 3, 4].map((value) => run(SWITCH, value))).toEqual([40, 10, 20, 30, 40]);
  expect([0, 1, 2, 3, 4].map((value) => run(narrowed(1, 2, 3), value))).toEqual([40, 10, 20, 30, 40]);
});

test.each([
  [[1], [40, 10, 40, 40, 40]],
  [[2], [40, 40, 20, 40, 40]],
  [
    [1, 3],
    [40, 10, 40, 30, 40],
  ],
  [[], [40, 40, 40, 40, 40]],
])("with %j alone the code of the others goes, and the module stays valid", (kept, results) => {
  const body = narrowed(...kept);
  expect([0, 1, 2, 3, 4].map((value) => run(body, value))).toEqual(results);
  expect(body.length).toBeLessThan(SWITCH.length);
});

test("a hint stays with its branch, and goes with it", () => {
  // (i32) -> i32 as above, where the code for 1 and for 2 has a branch.
  const branching = Uint8Array.from(
    [
      [0],
      ...[0x02, 0x40, 0x02, 0x40, 0x02, 0x40],
      [0x20, 0, 0x41, 1, 0x6b],
      [0x0e, 2, 0, 1, 2],
      [0x0b, 0x20, 0, 0x0d, 1, 0x41, 10, 0x0f],
      [0x0b, 0x20, 0, 0x0d, 0, 0x41, 20, 0x0f],
      [0x0b, 0x41, 40, 0x0b],
    ].flat(),
  );
  const [first = 0, second = 0] = branchesOf(branching);
  const hints = new MovedHints(
    new Map([
      [first, true],
      [second, false],
    ]),
  );
  const narrowed = narrowJumpTable(
    branching,
    () => true,
    () => [2, 1, 2],
    hints,
  );
  const [left = 0, ...others] = branchesOf(narrowed);
  expect(others).toEqual([]);
  expect(left).toBeLessThan(second);
  expect(hints.hints).toEqual(new Map([[left, false]]));
});
