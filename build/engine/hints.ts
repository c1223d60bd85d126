import { branchesOf } from "../wasm/branch-hints.ts";
import type { BodyHints, BranchHints } from "../wasm/branch-hints.ts";
import { functionCode } from "../wasm/code.ts";
import { functionNames } from "../wasm/function-names.ts";
import { readModule } from "../wasm/module.ts";

/**
 * Which way the branches of functions go in requests, by the function's name: a sign for each `if` and `br_if` of its code, `+` when it
 * is likely taken, `-` when it is not, `.` when nothing is known.
 */
export type Branches = ReadonlyMap<string, string>;

const SIGNS: Readonly<Record<string, boolean>> = { "+": true, "-": false };

/** @param lines - a name and its signs each */
export function parseBranches(lines: readonly string[]): Branches {
  return new Map(
    lines.map((line) => {
      const [name = "", signs = ""] = line.split(" ");
      return [name, signs] as const;
    }),
  );
}

/**
 * The hints for a module.
 *
 * @returns also the names of the functions that have other branches than the list says, or are not there: it is of another engine
 */
export function hintsFor(module: Uint8Array, branches: Branches): { hints: BranchHints; stale: string[] } {
  const info = readModule(module);
  const code = functionCode(info);
  const hints = new Map<number, BodyHints>();
  const stale = new Set(branches.keys());
  for (const [index, name] of functionNames(info)) {
    const [signs, body] = [branches.get(name), code.get(index)];
    const offsets = signs === undefined || body === undefined ? [] : branchesOf(body);
    if (signs?.length === offsets.length) {
      stale.delete(name);
      hints.set(index, bodyHints(signs, offsets));
    }
  }
  return { hints, stale: [...stale] };
}

function bodyHints(signs: string, offsets: readonly number[]): BodyHints {
  const known = offsets.flatMap((offset, at) => {
    const likely = SIGNS[signs[at] ?? ""];
    return likely === undefined ? [] : [[offset, likely] as const];
  });
  return new Map(known);
}
