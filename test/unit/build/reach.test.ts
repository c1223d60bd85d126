import { expect, test } from "vitest";

import type { Graph } from "../../../build/engine/graph.ts";
import { reach } from "../../../build/steps/reach.ts";

const SHIFT = 1000;

const node = (name: string, refers: Partial<Graph["functions"][number]> = {}) => ({
  name,
  calls: [],
  addresses: [],
  constants: [],
  ...refers,
});

/** Constants at 64 (a table of one function), 68 (a list of two entries of 16 bytes), 100 and 108 (a text each). */
const GRAPH: Graph = {
  functions: [
    node("exported", { calls: [1] }),
    node("called", { addresses: [2], constants: [2] }),
    node("passed"),
    node("in a table"),
    node("first entry"),
    node("second entry"),
    node("never", { calls: [3], constants: [0, 3] }),
    node("of the heap"),
  ],
  constants: [
    { offset: 64, length: 4 },
    { offset: 68, length: 32, entry: 16 },
    { offset: 100, length: 8 },
    { offset: 108, length: 8 },
  ],
  exports: { exported: 0 },
  table: { offset: 1, functions: [2, 3, 4, 5, 7] },
};

/** A memory with words at addresses; those of `places` are places in the table. */
function images(words: Record<number, number>, places: Record<number, number>) {
  const make = (shift: number) => {
    const memory = new Uint8Array(256);
    const view = new DataView(memory.buffer);
    for (const [address, value] of Object.entries(words)) {
      view.setUint32(Number(address), value, true);
    }
    for (const [address, place] of Object.entries(places)) {
      view.setUint32(Number(address), place + shift, true);
    }
    return memory;
  };
  return { memory: make(0), shifted: make(SHIFT), shift: SHIFT };
}

const CONSTANTS = { 64: 2, 72: 3, 88: 4 };

test("nothing but what the exports lead to is left", () => {
  const dead = reach(GRAPH, [0], images({}, CONSTANTS));
  expect([...dead.deadPlaces]).toEqual([2, 3, 4, 5]);
  expect(dead.deadConstants).toEqual([
    { offset: 64, length: 4 },
    { offset: 68, length: 16 },
    { offset: 84, length: 16 },
    { offset: 108, length: 8 },
  ]);
});

test("memory keeps what it points to: a function, an entry of a list, a constant; a number that is no pointer does not", () => {
  const words = { 200: 84, 204: 64, 208: 109, 212: 5, 216: 69 };
  const dead = reach(GRAPH, [0], images(words, { ...CONSTANTS, 220: 5 }));
  expect([...dead.deadPlaces]).toEqual([3]);
  expect(dead.deadConstants).toEqual([
    { offset: 68, length: 16 },
    { offset: 108, length: 8 },
  ]);
});

test("two memories that differ by anything else are refused", () => {
  const { memory, shifted, shift } = images({}, CONSTANTS);
  shifted[200] = 1;
  expect(() => reach(GRAPH, [0], { memory, shifted, shift })).toThrow("the word at 200");
});
