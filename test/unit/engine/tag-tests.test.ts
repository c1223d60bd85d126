import { expect, test } from "vitest";

import { shortenTagTests } from "../../../build/engine/tag-tests.ts";
import { wasm } from "../../../build/wasm/api.ts";
import { functionCode } from "../../../build/wasm/code.ts";
import { readModule } from "../../../build/wasm/module.ts";
import { assemble } from "../../wasm-text.ts";

const UPPER = "(i64.const -4294967296)";
const masked = `(i64.and (local.get 0) ${UPPER})`;
const constant = (tag: bigint) => `(i64.const ${tag << 32n})`;

const SHORTER = [
  ...[0n, 1n, 3n, -1n, -7n, 63n, 64n, -64n, -65n, 0x7fff_ffffn, -0x8000_0000n].flatMap((tag) => [
    `(i64.eq ${masked} ${constant(tag)})`,
    `(i64.ne ${masked} ${constant(tag)})`,
  ]),
  // Within others, and after something that looks like the beginning of one.
  `(i32.add (i64.eq ${masked} ${constant(3n)}) (i32.mul (i64.ne ${masked} ${constant(-1n)}) (i32.const 2)))`,
  `(block (result i32) (drop (i64.and (local.get 0) ${UPPER})) (i64.eq ${masked} ${constant(2n)}))`,
  `(if (result i32) (i64.eq ${masked} ${constant(-9n)}) (then (i64.ne ${masked} ${constant(8n)})) (else (i32.const 7)))`,
];
const SAME = [
  `(i64.eq ${masked} (i64.const 12884901889))`,
  `(i64.eq (i64.and (local.get 0) (i64.const -4294967295)) ${constant(3n)})`,
  `(i64.eq (i64.or (local.get 0) ${UPPER}) ${constant(3n)})`,
  `(i64.eq ${constant(3n)} ${masked})`,
  `(i64.lt_u ${masked} ${constant(3n)})`,
  `(i64.eq (local.get 0) ${constant(3n)})`,
  `(i64.eqz ${masked})`,
];

const VALUES = [-9n, -7n, -2n, -1n, 0n, 1n, 2n, 3n, 8n, 63n, 64n, 0x7fff_ffffn, -0x8000_0000n].flatMap((tag) =>
  [0n, 1n, 0x7fff_ffffn, 0xffff_ffffn].map((lower) => BigInt.asIntN(64, (tag << 32n) | lower)),
);

const moduleOf = (test: string) => assemble(`(module (func (export "test") (param i64) (result i32) ${test}))`);

function answers(module: Uint8Array): number[] {
  const { exports } = new wasm.Instance(new wasm.Module(module), {});
  return VALUES.map((value) => (exports["test"] as (value: bigint) => number)(value));
}

const lengthOf = (module: Uint8Array) => functionCode(readModule(module)).get(0)?.length ?? 0;

test.each(SHORTER)("%s is shorter, and the same", (text) => {
  const module = moduleOf(text);
  const shorter = shortenTagTests(module);
  expect(answers(shorter)).toEqual(answers(module));
  expect(lengthOf(shorter)).toBeLessThan(lengthOf(module));
});

test.each(SAME)("%s stays", (text) => {
  const module = moduleOf(text);
  expect(shortenTagTests(module)).toEqual(module);
});
