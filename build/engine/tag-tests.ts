/**
 * Tests of what a JavaScript value is, made shorter.
 *
 * A value is 64 bits with its tag in the upper half (NaN boxing). LLVM masks the lower half out and compares all 64 with a
 * constant, which takes fifteen bytes of WebAssembly; and V8 makes of each such constant ten bytes of machine code or a load from
 * elsewhere in its code. The upper half compared with the tag is the same: six bytes, and no constant that an instruction could not hold.
 */

import { encodeCode, functionCode } from "../wasm/code.ts";
import { encodeI32 } from "../wasm/encode.ts";
import { readModule, SectionId } from "../wasm/module.ts";
import { Reader } from "../wasm/reader.ts";
import { forEachInstruction } from "../wasm/references.ts";
import { replaceSections } from "../wasm/rewrite.ts";
import { Stretches } from "../wasm/stretches.ts";

const I64_CONST = 0x42;
const I64_AND = 0x83;

/** i64.eq and i64.ne */
const COMPARISONS: ReadonlySet<number> = new Set([0x51, 0x52]);

/** i64.const 32, i64.shr_s */
const UPPER_HALF = [I64_CONST, 32, 0x87];
const UPPER_ONES = -0x1_0000_0000n;

interface Instruction {
  readonly op: number;
  readonly start: number;
  /** Of an i64.const. */
  readonly value?: bigint;
}

/** The same module with shorter tests in all of its functions. */
export function shortenTagTests(module: Uint8Array): Uint8Array {
  const info = readModule(module);
  const bodies = [...functionCode(info).values()].map(shortenBody);
  return replaceSections(module, info, ({ id, bytes }) => (id === SectionId.Code ? encodeCode(bodies) : bytes));
}

/** @param body - locals and instructions */
function shortenBody(body: Uint8Array): Uint8Array {
  const written = new Stretches(body);
  let before: Instruction[] = [];
  let kept = 0;
  forEachInstruction(body, (op, start, end) => {
    const test = shorterTest(op, before);
    if (test !== undefined) {
      written.keep(kept, test.start);
      written.add(Uint8Array.from([...UPPER_HALF, I64_CONST, ...encodeI32(test.tag), op]));
      kept = end;
    }
    const value = op === I64_CONST ? new Reader(body, start + 1).signed() : undefined;
    before = [...before.slice(-2), { op, start, ...(value === undefined ? {} : { value }) }];
  });
  written.keep(kept, body.length);
  return written.bytes();
}

/** What takes the place of a comparison and of the instructions before it, from `start` on. */
function shorterTest(op: number, [mask, and, constant]: readonly Instruction[]) {
  if (!COMPARISONS.has(op) || mask?.value !== UPPER_ONES || and?.op !== I64_AND || constant?.value === undefined) {
    return undefined;
  }
  return BigInt.asIntN(32, constant.value) === 0n
    ? { tag: Number(constant.value >> 32n), start: mask.start }
    : undefined;
}
