import { Op, readInstruction, skipInstruction } from "./instructions.ts";
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
  const reader = new Reader(body);
  skipLocals(reader);
  const calls = new Set<number>();
  const values = new Set<number>();
  while (!reader.atEnd) {
    const op = body[reader.offset] ?? 0;
    const isAccess = op >= Op.FirstAccess && op <= Op.LastAccess;
    if (op === Op.Call || isAccess) {
      const { operands } = readInstruction(reader);
      (isAccess ? values : calls).add(operands.at(-1) ?? 0);
    } else if (op === Op.I32Const) {
      reader.byte();
      values.add(reader.i32() >>> 0);
    } else {
      skipInstruction(reader);
    }
  }
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
  const reader = new Reader(body);
  skipLocals(reader);
  const calls: DirectCall[] = [];
  while (!reader.atEnd) {
    const start = reader.offset;
    if (skipInstruction(reader) === Op.Call) {
      calls.push({ start, end: reader.offset, callee: new Reader(body, start + 1).u32() });
    }
  }
  return calls;
}

export function skipLocals(reader: Reader): void {
  reader.list(() => {
    reader.u32();
    reader.byte();
  });
}
