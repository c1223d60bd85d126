import { Op, skipInstruction } from "./instructions.ts";
import { Reader } from "./reader.ts";

/** What a function's code refers to. */
export interface References {
  /** Indices of functions. */
  readonly calls: ReadonlySet<number>;
  /** Constants and the offsets of loads and stores: the addresses are among these. */
  readonly values: ReadonlySet<number>;
}

/** @param body - locals and instructions */
export function referencesOf(body: Uint8Array): References {
  const calls = new Set<number>();
  const values = new Set<number>();
  forEachInstruction(body, (op, start) => {
    const operands = new Reader(body, start + 1);
    if (op === Op.Call) {
      calls.add(operands.u32());
    } else if (op === Op.I32Const) {
      values.add(operands.i32() >>> 0);
    } else if (op >= Op.FirstAccess && op <= Op.LastAccess) {
      operands.skipNumber(); // its alignment
      values.add(operands.u32());
    }
  });
  return { calls, values };
}

/** A call of a function by its index. */
export interface DirectCall {
  /** Where the instruction begins in the body, and ends. */
  readonly start: number;
  readonly end: number;
  readonly callee: number;
}

/** @param body - locals and instructions */
export function directCalls(body: Uint8Array): DirectCall[] {
  const calls: DirectCall[] = [];
  forEachInstruction(body, (op, start, end) => {
    if (op === Op.Call) {
      calls.push({ start, end, callee: new Reader(body, start + 1).u32() });
    }
  });
  return calls;
}

/**
 * Goes over the instructions of a function.
 *
 * @param body - locals and instructions
 * @param visit - is given an opcode, and where its instruction begins in the body and ends
 */
export function forEachInstruction(body: Uint8Array, visit: (op: number, start: number, end: number) => void): void {
  const reader = new Reader(body);
  skipLocals(reader);
  while (!reader.atEnd) {
    const start = reader.offset;
    visit(skipInstruction(reader), start, reader.offset);
  }
}

export function skipLocals(reader: Reader): void {
  reader.list(() => {
    reader.u32();
    reader.byte();
  });
}
