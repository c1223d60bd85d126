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
  /** The first and the last load or store. */
  FirstAccess: 0x28,
  LastAccess: 0x3e,
  I32Const: 0x41,
} as const;

export interface Instruction {
  readonly op: number;
  /** What its unsigned operands are: labels, indices, alignment and offset. */
  readonly operands: readonly number[];
}

/**
 * Reads one instruction.
 *
 * @throws Error when it is none of the features that Proxy-Wasm hosts have
 */
export function readInstruction(reader: Reader): Instruction {
  const op = reader.byte();
  return { op, operands: readOperands(op, reader) };
}

const NONE: readonly number[] = [];

function readOperands(op: number, reader: Reader): readonly number[] {
  switch (op) {
    case Op.Block:
    case Op.Loop:
    case Op.If:
    case Op.I32Const:
    case 0x42: // i64.const
      reader.signed();
      return NONE;
    case Op.Br:
    case Op.BrIf:
    case Op.Call:
      return [reader.u32()];
    case Op.BrTable:
      return [...reader.list(() => reader.u32()), reader.u32()];
    case Op.CallIndirect:
      return [reader.u32(), reader.u32()];
    case 0x43: // f32.const
      reader.slice(4);
      return NONE;
    case 0x44: // f64.const
      reader.slice(8);
      return NONE;
    case 0x3f: // memory.size
    case 0x40: // memory.grow
      return [reader.byte()];
    case 0xfc:
      return readPrefixed(reader);
    default:
      if (op >= 0x20 && op <= 0x24) {
        return [reader.u32()]; // a local or global variable
      }
      if (op >= Op.FirstAccess && op <= Op.LastAccess) {
        return [reader.u32(), reader.u32()]; // a load or a store
      }
      if (op <= 0x01 || op === Op.Else || op === Op.End || op === Op.Return || op === 0x1a || op === 0x1b) {
        return NONE;
      }
      if (op >= 0x45 && op <= 0xc4) {
        return NONE; // arithmetic
      }
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
