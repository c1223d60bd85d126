import { branchesOf } from "../../build/wasm/branch-hints.ts";
import { encodeCode, functionCode } from "../../build/wasm/code.ts";
import { concat, encodeU32 } from "../../build/wasm/encode.ts";
import { functionNames } from "../../build/wasm/function-names.ts";
import { Op } from "../../build/wasm/instructions.ts";
import { readModule, readSignatures, SectionId } from "../../build/wasm/module.ts";
import { append, replaceSections } from "../../build/wasm/rewrite.ts";
import { Counters } from "./counters.ts";

/** A module that counts where its branches go. */
export interface BranchMeter {
  readonly bytes: Uint8Array;
  readonly branches: readonly MeteredBranch[];
}

/** An `if` or a `br_if`. */
export interface MeteredBranch {
  /** The function's name. */
  readonly name: string;
  /** Which of the function's branches it is. */
  readonly nth: number;
  /** The exports with the counts of both ways, i64. */
  readonly taken: string;
  readonly passed: string;
}

const CONDITION = "(i32) -> i32";

/** Before each branch, its condition goes through a function of its own that counts it. */
export function meterBranches(module: Uint8Array): BranchMeter {
  const info = readModule(module);
  const names = functionNames(info);
  const firstFunction = info.functions.length;
  const branches: MeteredBranch[] = [];
  const bodies = [...functionCode(info)].map(([index, body]) => {
    const name = names.get(index);
    const parts: Uint8Array[] = [];
    let copied = 0;
    for (const [nth, offset] of (name === undefined ? [] : branchesOf(body)).entries()) {
      const call = Uint8Array.from([Op.Call, ...encodeU32(firstFunction + branches.length)]);
      parts.push(body.subarray(copied, offset), call);
      copied = offset;
      branches.push({ name: name ?? "", nth, taken: `taken ${branches.length}`, passed: `passed ${branches.length}` });
    }
    return concat([...parts, body.subarray(copied)]);
  });
  const counters = new Counters(
    info,
    branches.flatMap(({ taken, passed }) => [taken, passed]),
  );
  const type = Uint8Array.from(encodeU32(readSignatures(info).indexOf(CONDITION)));
  const added = branches.map((_, at) => countingBody(counters, 2 * at));
  const bytes = replaceSections(module, info, (section) => {
    switch (section.id) {
      case SectionId.Function:
        return append(
          section,
          branches.map(() => type),
        );
      case SectionId.Code:
        return encodeCode([...bodies, ...added]);
      default:
        return counters.addTo(section) ?? section.bytes;
    }
  });
  return { bytes, branches };
}

/** Counts its parameter in one of two counters, and returns it. */
function countingBody(counters: Counters, counter: number): Uint8Array {
  const [parameter, end, noLocals] = [[0x20, 0], [Op.End], [0]];
  return Uint8Array.from([
    ...noLocals,
    ...[...parameter, Op.If, 0x40, ...counters.addition(counter, 1)],
    ...[Op.Else, ...counters.addition(counter + 1, 1), ...end],
    ...[...parameter, ...end],
  ]);
}
