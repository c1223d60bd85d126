/**
 * Keeps a host's compiler from putting functions into their callers.
 *
 * Envoy runs V8 without its baseline compiler. V8 then knows nothing of which calls are hot, and puts each callee into its caller, in the
 * order of the text, as long as it has room in a budget: a multiple of the caller's length, which each callee uses up by its own length
 * (src/wasm/turboshaft-graph-interface.cc and inlining-tree.h of V8 13 and 14). LLVM has decided what is worth that already, with a
 * profile, and what V8 adds is more machine code than all the rest. So each function with calls begins with a branch that is never taken,
 * with calls of functions of nothing in it, which use the budget up: no compiler leaves any code of it, and no host runs it.
 */

import { encodeU32 } from "./encode.ts";
import { Op } from "./instructions.ts";

/** The lengths of the functions of nothing, in bytes of code: the largest first. With these the jump filter's module is the smallest. */
export const FILLERS: readonly number[] = [429, 188, 132, 84, 38];

const NOP = 0x01;
const NO_LOCALS = 0;

/** Locals and instructions of each. */
export function fillerBodies(): Uint8Array[] {
  return FILLERS.map((length) => {
    const body = new Uint8Array(length).fill(NOP);
    body[0] = NO_LOCALS;
    body[length - 1] = Op.End;
    return body;
  });
}

/** A function of the module itself. */
export interface CallerShape {
  /** Bytes of its locals and instructions. */
  readonly length: number;
  /** The functions that are not to be put into it, by their places in the list. */
  readonly callees: readonly number[];
}

/** What a callee of so many bytes at most becomes is less than its call. */
const TINY = 12;

/** V8's, of the budget. */
const LEAST_BUDGET = 50;
const MOST_INLINED = 60;
const SMALL_FUNCTION = 50;

/** How many times its length a function may be long, by the share of small functions in the module. */
function growth(lengths: readonly number[]): number {
  const all = [...lengths, ...FILLERS];
  const small = all.filter((length) => length < SMALL_FUNCTION).length / all.length;
  const scale = Math.min(1, Math.max(0, (small - 0.25) / 0.25));
  return 2 * (1 - scale) + 5 * scale;
}

/**
 * What each function is to begin with, after its locals; empty where there is no need of anything.
 *
 * @param firstFiller - the index of the first function of nothing; the others follow
 */
export function inliningBarriers(functions: readonly CallerShape[], firstFiller: number): Uint8Array[] {
  let barriers: Uint8Array[] = functions.map(() => new Uint8Array());
  // Each makes its function longer, which changes the budgets, and what has no room in them.
  for (let turn = 0; turn < 4; turn++) {
    const lengths = functions.map(({ length }, at) => length + (barriers[at]?.length ?? 0));
    const factor = growth(lengths);
    barriers = functions.map(({ length, callees }) => {
      const sizes = callees.map((callee) => lengths[callee] ?? 0).filter((size) => size > TINY);
      return barrierOf(length, factor, Math.min(...sizes), firstFiller);
    });
  }
  return barriers;
}

/** @param most - the budget that may be left: the length of the shortest callee */
function barrierOf(length: number, factor: number, most: number, firstFiller: number): Uint8Array {
  let barrier: Uint8Array = new Uint8Array();
  for (;;) {
    const budget = Math.max(LEAST_BUDGET, Math.floor(factor * (length + barrier.length)));
    const fillers = fillersFor(budget, most);
    const calls = fillers.flatMap((filler) => [Op.Call, ...encodeU32(firstFiller + filler)]);
    const longer = Uint8Array.from([Op.I32Const, 0, Op.If, NO_RESULT, ...calls, Op.End]);
    if (fillers.length === 0 || longer.length <= barrier.length) {
      return barrier;
    }
    barrier = longer;
  }
}

const NO_RESULT = 0x40;

/** Which fillers leave so much of a budget, by their places in the list. Each has to have room in what the ones before have left. */
function fillersFor(budget: number, most: number): number[] {
  const chosen: number[] = [];
  for (let left = budget; left > most && chosen.length < MOST_INLINED;) {
    const next = FILLERS.findIndex((filler) => filler < left);
    if (next === -1) {
      break;
    }
    chosen.push(next);
    left -= FILLERS[next] ?? 0;
  }
  return chosen;
}
