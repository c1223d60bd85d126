import { concat, encodeU32 } from "./encode.ts";
import { Op, readInstruction } from "./instructions.ts";
import type { Instruction } from "./instructions.ts";
import type { MovedHints } from "./branch-hints.ts";
import { Reader } from "./reader.ts";
import { skipLocals } from "./references.ts";

/** An opcode's instruction that ends what can be reached. */
const LEAVES: readonly number[] = [Op.Unreachable, Op.Br, Op.BrTable, Op.Return];

interface Frame {
  readonly op: number;
  /** Something jumps to its end. */
  targeted: boolean;
}

/**
 * A function's code in which a jump table leads less far, and without what cannot be reached then.
 *
 * @param body - locals and instructions
 * @param isTable - whether a jump table is meant, by its labels without the default and the instructions before it
 * @param labels - gives its new labels
 * @param hints - of the function's branches
 */
export function narrowJumpTable(
  body: Uint8Array,
  isTable: (table: Instruction) => boolean,
  labels: (table: Instruction, first: number) => readonly number[],
  hints?: MovedHints,
): Uint8Array {
  const reader = new Reader(body);
  skipLocals(reader);
  const parts: Uint8Array[] = [];
  let length = 0;
  const write = (bytes: Uint8Array) => {
    parts.push(bytes);
    length += bytes.length;
  };
  write(body.subarray(0, reader.offset));
  const frames: Frame[] = [{ op: Op.Block, targeted: false }];
  const target = (label: number) => {
    const frame = frames[frames.length - 1 - label];
    if (frame === undefined) {
      throw new Error(`a jump to the label ${label}, which is not there`);
    }
    frame.targeted = true;
  };
  let live = true;
  let skipped = 0; // blocks within what is left out
  let first = new FirstValue();
  while (!reader.atEnd) {
    const start = reader.offset;
    const instruction = readInstruction(reader);
    const bytes = body.subarray(start, reader.offset);
    const { op } = instruction;
    if (!live) {
      if (isBlock(op)) {
        skipped++;
        continue;
      }
      if (skipped > 0) {
        skipped -= Number(op === Op.End);
        continue;
      }
      if (op !== Op.End && op !== Op.Else) {
        continue;
      }
    }
    if (op === Op.BrTable && isTable(instruction)) {
      const narrowed = labels(instruction, first.value);
      narrowed.forEach(target);
      write(Uint8Array.from([op, ...encodeU32(narrowed.length - 1), ...narrowed.flatMap(encodeU32)]));
      live = false;
      continue;
    }
    first = first.after(instruction, bytes);
    hints?.move(start, length);
    write(bytes);
    if (isBlock(op)) {
      frames.push({ op, targeted: false });
    } else if (op === Op.Else) {
      const frame = frames.pop();
      frames.push({ op, targeted: live || frame?.targeted === true });
      live = true;
    } else if (op === Op.End) {
      const frame = frames.pop();
      live ||= frame !== undefined && frame.op !== Op.Loop && (frame.targeted || frame.op === Op.If);
      if (!live && frames.length > 0) {
        write(Uint8Array.of(Op.Unreachable)); // for the validator: what follows the block needs no values
      }
    } else if (op === Op.Br || op === Op.BrIf || op === Op.BrTable) {
      instruction.operands.forEach(target);
    }
    if (LEAVES.includes(op)) {
      live = false;
    }
  }
  return concat(parts);
}

function isBlock(op: number): boolean {
  return op === Op.Block || op === Op.Loop || op === Op.If;
}

const I32_SUB = 0x6b;

/** The value that a jump table's first label is for: what compilers subtract before it. */
class FirstValue {
  readonly #constant: number | undefined;
  readonly value: number;

  constructor(value = 0, constant?: number) {
    this.value = value;
    this.#constant = constant;
  }

  after({ op }: Instruction, bytes: Uint8Array): FirstValue {
    if (op === Op.I32Const) {
      return new FirstValue(0, Number(new Reader(bytes, 1).signed()));
    }
    return new FirstValue(op === I32_SUB ? (this.#constant ?? 0) : 0);
  }
}
