import type { Reader } from "../../build/wasm/reader.ts";

/** What the meter has to know of an instruction that it has read over. */
export interface Instruction {
  /** False for what only gives code its structure: it is nothing in a machine's code. */
  readonly counts: boolean;
  /** Whether what comes after it may run more or less often than what is before it. */
  readonly endsRun: boolean;
}

const STRAIGHT: Instruction = { counts: true, endsRun: false };
const CONTROL: Instruction = { counts: true, endsRun: true };
const STRUCTURE: Instruction = { counts: false, endsRun: true };

/** Reads one instruction of the features that this project's modules have (WebAssembly core specification, section 5.4). */
export function readInstruction(reader: Reader): Instruction {
  const code = reader.byte();
  switch (code) {
    case 0x05: // else
    case 0x0b: // end
      return STRUCTURE;
    case 0x02: // block
    case 0x03: // loop
      reader.signed();
      return STRUCTURE;
    case 0x00: // unreachable
    case 0x0f: // return
      return CONTROL;
    case 0x04: // if
      reader.signed();
      return CONTROL;
    case 0x0c: // br
    case 0x0d: // br_if
      reader.u32();
      return CONTROL;
    case 0x0e: // br_table
      reader.list(() => reader.u32());
      reader.u32();
      return CONTROL;
    case 0x10: // call
    case 0xd2: // ref.func
      reader.u32();
      return STRAIGHT;
    case 0x11: // call_indirect
      reader.u32();
      reader.u32();
      return STRAIGHT;
    case 0x1c: // select with types
      reader.list(() => reader.byte());
      return STRAIGHT;
    case 0x3f: // memory.size
    case 0x40: // memory.grow
    case 0xd0: // ref.null
      reader.byte();
      return STRAIGHT;
    case 0x41: // i32.const
    case 0x42: // i64.const
      reader.signed();
      return STRAIGHT;
    case 0x43: // f32.const
      reader.slice(4);
      return STRAIGHT;
    case 0x44: // f64.const
      reader.slice(8);
      return STRAIGHT;
    case 0xfc:
      readPrefixed(reader);
      return STRAIGHT;
    default:
      return readPlain(reader, code);
  }
}

function readPlain(reader: Reader, code: number): Instruction {
  if (code >= 0x20 && code <= 0x26) {
    reader.u32(); // a local's, a global's or a table's index
  } else if (code >= 0x28 && code <= 0x3e) {
    reader.u32(); // alignment
    reader.u32(); // offset
  } else if (code > 0xc4) {
    throw new Error(`the meter does not know the instruction 0x${code.toString(16)}`);
  }
  return STRAIGHT;
}

/** Conversions that saturate, and operations on memory as a whole. */
function readPrefixed(reader: Reader): void {
  const code = reader.u32();
  switch (code) {
    case 8: // memory.init
    case 10: // memory.copy
    case 12: // table.init
    case 14: // table.copy
      reader.u32();
      reader.u32();
      return;
    case 9: // data.drop
    case 11: // memory.fill
    case 13: // elem.drop
      reader.u32();
      return;
    default:
      if (code > 7) {
        throw new Error(`the meter does not know the instruction 0xfc ${code}`);
      }
  }
}
