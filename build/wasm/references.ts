import { Op, readInstruction } from "./instructions.ts";
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
    const start = reader.offset;
    const { op, operands } = readInstruction(reader);
    if (op === Op.Call) {
      calls.add(operands[0] ?? 0);
    } else if (op === Op.I32Const) {
      values.add(Number(BigInt.asUintN(32, new Reader(body, start + 1).signed())));
    } else if (op >= Op.FirstAccess && op <= Op.LastAccess) {
      values.add(operands[1] ?? 0);
    }
  }
  return { calls, values };
}

export function skipLocals(reader: Reader): void {
  reader.list(() => {
    reader.u32();
    reader.byte();
  });
}
