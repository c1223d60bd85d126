import { MovedHints } from "./branch-hints.ts";
import type { BodyHints } from "./branch-hints.ts";
import { concat, encodeU32, Writer } from "./encode.ts";
import { isBlock, Op, skipInstruction } from "./instructions.ts";
import { Reader } from "./reader.ts";
import { Stretches } from "./stretches.ts";

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
  const code = new Stretches(body);
  const moved = new MovedHints(caller.hints);
  const added = new Map<number, boolean>();
  const blocks: number[] = [];
  while (!reader.atEnd) {
    const start = reader.offset;
    const op = skipInstruction(reader);
    if (isBlock(op)) {
      blocks.push(op);
    } else if (op === Op.End) {
      blocks.pop();
    }
    const callee = op === Op.Call && !blocks.includes(Op.Loop) ? inlined(new Reader(body, start + 1).u32()) : undefined;
    if (callee === undefined) {
      moved.move(start, code.length);
      code.keep(start, reader.offset);
      continue;
    }
    const { bytes, hints } = asBlock(callee, locals);
    hints.forEach((likely, offset) => added.set(code.length + offset, likely));
    code.add(bytes);
  }
  const declared = locals.encode();
  const hints = new Map([...moved.hints, ...added].map(([offset, likely]) => [offset + declared.length, likely]));
  return { ...caller, body: concat([declared, code.bytes()]), hints };
}

/** What takes the place of a call: the parameters are variables now, and the function is a block that its returns leave. */
function asBlock(
  { params, results, body, hints }: FunctionBody,
  locals: Locals,
): { bytes: Uint8Array; hints: BodyHints } {
  const first = locals.add(params);
  const reader = new Reader(body);
  locals.add(readLocals(reader));
  const code = new Stretches(body);
  for (let at = params.length - 1; at >= 0; at--) {
    code.add(Uint8Array.from([Op.LocalSet, ...encodeU32(first + at)]));
  }
  code.add(Uint8Array.from([Op.Block, results[0] ?? NO_RESULT]));
  const moved = new MovedHints(hints);
  let depth = 0;
  while (!reader.atEnd) {
    const start = reader.offset;
    const op = skipInstruction(reader);
    if (isBlock(op)) {
      depth++;
    } else if (op === Op.End) {
      depth--; // the last one is the block's
    }
    moved.move(start, code.length);
    if (op === Op.Return) {
      code.add(Uint8Array.from([Op.Br, ...encodeU32(depth)]));
    } else if (op >= Op.LocalGet && op <= Op.LocalTee) {
      const local = new Reader(body, start + 1).u32();
      code.add(Uint8Array.from([op, ...encodeU32(first + local)]));
    } else {
      code.keep(start, reader.offset);
    }
  }
  return { bytes: code.bytes(), hints: moved.hints };
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
