import type { Reader } from "./reader.ts";

/** Opcodes of instructions that somebody here looks at (WebAssembly core specification, section 5.4). */
export const Op = {
  Unreachable: 0x00,
  Block: 0x02,
  Loop: 0x03,
  If: 0x04,
  Else: 0x05,
  End: 0x0b,
  Br: 0x0c,
  BrIf: 0x0d,
  BrTable: 0x0e,
  Return: 0x0f,
  Call: 0x10,
  CallIndirect: 0x11,
  LocalGet: 0x20,
  LocalSet: 0x21,
  LocalTee: 0x22,
  /** The first and the last load or store. */
  FirstAccess: 0x28,
  LastAccess: 0x3e,
  I32Const: 0x41,
} as const;

/** Whether it begins what an `end` ends. */
export function isBlock(op: number): boolean {
  return op === Op.Block || op === Op.Loop || op === Op.If;
}

export interface Instruction {
  readonly op: number;
  /** What its unsigned operands are: labels, indices, alignment and offset. */
  readonly operands: readonly number[];
}

/** What follows an opcode. */
const Shape = { Nothing: 1, Signed: 2, One: 3, Two: 4, Byte: 5, Four: 6, Eight: 7, Table: 8, Prefixed: 9 } as const;

/** By opcode; 0: no instruction that Proxy-Wasm hosts have. */
const SHAPES = new Uint8Array(256)
  .fill(Shape.Nothing, 0x00, 0x02) // unreachable, nop
  .fill(Shape.Signed, Op.Block, Op.Else)
  .fill(Shape.Nothing, Op.Else, Op.Else + 1)
  .fill(Shape.Nothing, Op.End, Op.Br)
  .fill(Shape.One, Op.Br, Op.BrTable)
  .fill(Shape.Table, Op.BrTable, Op.Return)
  .fill(Shape.Nothing, Op.Return, Op.Call)
  .fill(Shape.One, Op.Call, Op.CallIndirect)
  .fill(Shape.Two, Op.CallIndirect, 0x12)
  .fill(Shape.Nothing, 0x1a, 0x1c) // drop, select
  .fill(Shape.One, 0x20, 0x25) // a local or global variable
  .fill(Shape.Two, Op.FirstAccess, Op.LastAccess + 1)
  .fill(Shape.Byte, 0x3f, Op.I32Const) // memory.size, memory.grow
  .fill(Shape.Signed, Op.I32Const, 0x43) // i32.const, i64.const
  .fill(Shape.Four, 0x43, 0x44) // f32.const
  .fill(Shape.Eight, 0x44, 0x45) // f64.const
  .fill(Shape.Nothing, 0x45, 0xc5) // arithmetic
  .fill(Shape.Prefixed, 0xfc, 0xfd);

/**
 * Reads one instruction.
 *
 * @throws Error when it is none of the features that Proxy-Wasm hosts have
 */
export function readInstruction(reader: Reader): Instruction {
  const op = reader.byte();
  return { op, operands: readOperands(op, reader) };
}

/**
 * Passes over one instruction, which is much quicker.
 *
 * @returns its opcode
 * @throws Error when it is none of the features that Proxy-Wasm hosts have
 */
export function skipInstruction(reader: Reader): number {
  const op = reader.byte();
  const shape = SHAPES[op];
  if (shape === Shape.Signed || shape === Shape.One) {
    reader.skipNumber();
  } else if (shape === Shape.Two) {
    reader.skipNumber();
    reader.skipNumber();
  } else if (shape !== Shape.Nothing) {
    readOperands(op, reader);
  }
  return op;
}

const NONE: readonly number[] = [];

function readOperands(op: number, reader: Reader): readonly number[] {
  switch (SHAPES[op] ?? 0) {
    case Shape.Nothing:
      return NONE;
    case Shape.Signed:
      reader.skipNumber();
      return NONE;
    case Shape.One:
      return [reader.u32()];
    case Shape.Two:
      return [reader.u32(), reader.u32()];
    case Shape.Byte:
      return [reader.byte()];
    case Shape.Four:
      reader.slice(4);
      return NONE;
    case Shape.Eight:
      reader.slice(8);
      return NONE;
    case Shape.Table:
      return [...reader.list(() => reader.u32()), reader.u32()];
    case Shape.Prefixed:
      return readPrefixed(reader);
    default:
      throw new Error(`the instruction 0x${op.toString(16)} is not one of those that Proxy-Wasm hosts have`);
  }
}

function readPrefixed(reader: Reader): readonly number[] {
  const op = reader.u32();
  if (op <= 7) {
    return [op]; // a conversion that does not trap
  }
  if (op === 10) {
    return [op, reader.byte(), reader.byte()]; // memory.copy
  }
  if (op === 11) {
    return [op, reader.byte()]; // memory.fill
  }
  throw new Error(`the instruction 0xfc ${op} is not one of those that Proxy-Wasm hosts have`);
}
