import { encodeU32 } from "./encode.ts";
import { isBlock, Op, readInstruction, skipInstruction } from "./instructions.ts";
import type { Instruction } from "./instructions.ts";
import type { MovedHints } from "./branch-hints.ts";
import { Reader } from "./reader.ts";
import { skipLocals } from "./references.ts";
import { Stretches } from "./stretches.ts";

/** Instructions whose operands are labels. */
function isJump(op: number): boolean {
  return op === Op.Br || op === Op.BrIf || op === Op.BrTable;
}

/** Instructions that end what can be reached. */
function isExit(op: number): boolean {
  return op === Op.Unreachable || op === Op.Br || op === Op.BrTable || op === Op.Return;
}

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
  const written = new Stretches(body);
  written.keep(0, reader.offset);
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
  const first = new FirstValue();
  while (!reader.atEnd) {
    const start = reader.offset;
    const op = body[start] ?? 0;
    const jump = isJump(op) ? readInstruction(reader) : undefined;
    if (jump === undefined) {
      skipInstruction(reader);
    }
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
    if (op === Op.BrTable && jump !== undefined && isTable(jump)) {
      const narrowed = labels(jump, first.value);
      narrowed.forEach(target);
      written.add(Uint8Array.from([op, ...encodeU32(narrowed.length - 1), ...narrowed.flatMap(encodeU32)]));
      live = false;
      continue;
    }
    first.pass(op, body, start);
    hints?.move(start, written.length);
    written.keep(start, reader.offset);
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
        written.add(Uint8Array.of(Op.Unreachable)); // for the validator: what follows the block needs no values
      }
    } else {
      jump?.operands.forEach(target);
    }
    if (isExit(op)) {
      live = false;
    }
  }
  return written.bytes();
}

const I32_SUB = 0x6b;

/** The value that a jump table's first label is for: what compilers subtract before it. */
class FirstValue {
  #constant: number | undefined;
  value = 0;

  /** @param start - where the instruction begins in the body */
  pass(op: number, body: Uint8Array, start: number): void {
    this.value = op === I32_SUB ? (this.#constant ?? 0) : 0;
    this.#constant = op === Op.I32Const ? new Reader(body, start + 1).i32() : undefined;
  }
}
