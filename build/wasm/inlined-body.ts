import type { BodyHints } from "./branch-hints.ts";
import { concat, Writer } from "./encode.ts";
import { isBlock, Op, skipInstruction } from "./instructions.ts";
import { Reader } from "./reader.ts";

export interface FunctionBody {
  /** Value types, as the binary format has them. */
  readonly params: readonly number[];
  readonly results: readonly number[];
  /** Locals and instructions. */
  readonly body: Uint8Array;
  readonly hints: BodyHints;
}

/**
 * The same function with the code of others in place of their calls. A call within a loop stays: a callee's variables begin as zero each
 * time, and a loop is better off without what it does not always run.
 *
 * @param inlined - gives what is to be put in, or undefined
 */
export function withCallees(caller: FunctionBody, inlined: (callee: number) => FunctionBody | undefined): FunctionBody {
  const { body } = caller;
  const reader = new Reader(body);
  const locals = new Locals(caller.params.length, readLocals(reader));
  const code = new HintedCode(caller, reader.offset);
  const blocks: number[] = [];
  while (!reader.atEnd) {
    const start = reader.offset;
    const op = skipInstruction(reader);
    if (isBlock(op)) {
      blocks.push(op);
    } else if (op === Op.End) {
      blocks.pop();
    } else if (op === Op.Call && !blocks.includes(Op.Loop)) {
      const callee = inlined(new Reader(body, start + 1).u32());
      if (callee !== undefined) {
        code.keepUntil(start);
        writeCallee(code, callee, locals);
        code.skipTo(reader.offset);
      }
    }
  }
  code.keepUntil(body.length);
  const declared = locals.encode();
  const hints = new Map([...code.hints].map(([offset, likely]) => [offset + declared.length, likely]));
  return { ...caller, body: concat([declared, code.bytes]), hints };
}

/** Its parameters are variables now, and it is a block that its returns leave. */
function writeCallee(code: HintedCode, callee: FunctionBody, locals: Locals): void {
  const first = locals.add(callee.params);
  for (let at = callee.params.length - 1; at >= 0; at--) {
    code.add([Op.LocalSet], first + at);
  }
  const reader = new Reader(callee.body);
  locals.add(readLocals(reader));
  code.add([Op.Block, callee.results[0] ?? NO_RESULT]);
  const inner = new HintedCode(callee, reader.offset);
  let depth = 0;
  while (!reader.atEnd) {
    const start = reader.offset;
    const op = skipInstruction(reader);
    if (isBlock(op)) {
      depth++;
    } else if (op === Op.End) {
      depth--;
    } else if (op === Op.Return || (op >= Op.LocalGet && op <= Op.LocalTee)) {
      inner.keepUntil(start);
      if (op === Op.Return) {
        inner.add([Op.Br], depth);
      } else {
        inner.add([op], new Reader(callee.body, start + 1).u32() + first);
      }
      inner.skipTo(reader.offset);
    }
  }
  inner.keepUntil(callee.body.length); // its last `end` is the block's
  code.append(inner);
}

const NO_RESULT = 0x40;

/** The types of the variables that are no parameters. */
function readLocals(reader: Reader): number[] {
  return reader
    .list(() => ({ count: reader.u32(), type: reader.byte() }))
    .flatMap(({ count, type }) => new Array<number>(count).fill(type));
}

class Locals {
  readonly #params: number;
  readonly #types: number[];

  constructor(params: number, types: number[]) {
    this.#params = params;
    this.#types = types;
  }

  /** @returns the index of the first */
  add(types: readonly number[]): number {
    const first = this.#params + this.#types.length;
    this.#types.push(...types);
    return first;
  }

  encode(): Uint8Array {
    const runs: { type: number; count: number }[] = [];
    for (const type of this.#types) {
      const last = runs.at(-1);
      if (last?.type === type) {
        last.count++;
      } else {
        runs.push({ type, count: 1 });
      }
    }
    const writer = new Writer().u32(runs.length);
    for (const { type, count } of runs) {
      writer.u32(count).byte(type);
    }
    return writer.bytes;
  }
}

/** Instructions that are stretches of a function's, with their hints, and new ones between them. */
class HintedCode {
  readonly #from: FunctionBody;
  readonly #offsets: readonly number[];
  readonly #writer = new Writer();
  readonly hints = new Map<number, boolean>();
  #passed = 0;
  #kept: number;

  /** @param start - where the instructions begin in the body */
  constructor(from: FunctionBody, start: number) {
    this.#from = from;
    this.#offsets = [...from.hints.keys()].sort((a, b) => a - b);
    this.#kept = start;
  }

  get bytes(): Uint8Array {
    return this.#writer.bytes;
  }

  keepUntil(end: number): void {
    for (let offset; (offset = this.#offsets[this.#passed]) !== undefined && offset < end; this.#passed++) {
      this.hints.set(this.bytes.length + offset - this.#kept, this.#from.hints.get(offset) === true);
    }
    this.#writer.write(this.#from.body.subarray(this.#kept, end));
    this.#kept = end;
  }

  skipTo(offset: number): void {
    this.#kept = offset;
  }

  add(bytes: readonly number[], operand?: number): void {
    this.#writer.write(bytes);
    if (operand !== undefined) {
      this.#writer.u32(operand);
    }
  }

  append(other: HintedCode): void {
    for (const [offset, likely] of other.hints) {
      this.hints.set(this.bytes.length + offset, likely);
    }
    this.#writer.write(other.bytes);
  }
}
