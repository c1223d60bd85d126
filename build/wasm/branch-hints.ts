import { encodeCustomSection, readCustomSection } from "./custom-sections.ts";
import { concat, Writer } from "./encode.ts";
import { Op } from "./instructions.ts";
import { readModule, SectionId } from "./module.ts";
import type { ModuleInfo } from "./module.ts";
import { forEachInstruction } from "./references.ts";
import { replaceSections } from "./rewrite.ts";

/**
 * The custom section that tells a compiler which way branches go (branch hinting, part of WebAssembly 3.0). V8 puts the code of the
 * other way behind all other code of the function. A host that does not know it passes over it.
 */
export const BRANCH_HINTS = "metadata.code.branch_hint";

/** Whether a function's branches are likely taken, by the offset of the instruction in its body: locals and instructions. */
export type BodyHints = ReadonlyMap<number, boolean>;

/** By the function's index. */
export type BranchHints = ReadonlyMap<number, BodyHints>;

const NO_HINTS: BodyHints = new Map();

export function readBranchHints({ sections }: ModuleInfo): BranchHints {
  const reader = readCustomSection(sections, BRANCH_HINTS);
  const entries = reader?.list(() => {
    const index = reader.u32();
    const hints = reader.list(() => {
      const offset = reader.u32();
      const [value] = reader.slice(reader.u32());
      return [offset, value === 1] as const;
    });
    return [index, new Map(hints)] as const;
  });
  return new Map(entries);
}

/** The section, whole; none when there is nothing to say. */
export function encodeBranchHints(hints: BranchHints): Uint8Array {
  const functions = [...hints].filter(([, body]) => body.size > 0).sort(([a], [b]) => a - b);
  const writer = new Writer().u32(functions.length);
  for (const [index, body] of functions) {
    writer.u32(index).u32(body.size);
    for (const [offset, likely] of [...body].sort(([a], [b]) => a - b)) {
      writer.u32(offset).u32(1).byte(Number(likely));
    }
  }
  return functions.length === 0 ? new Uint8Array() : encodeCustomSection(BRANCH_HINTS, writer.bytes);
}

/** The same module with these hints in place of those that it has. */
export function withBranchHints(module: Uint8Array, hints: BranchHints): Uint8Array {
  return withCode(module, readModule(module), hints);
}

/** The same with other code, too. @param code - the section, whole. Default: the module's own */
export function withCode(module: Uint8Array, info: ModuleInfo, hints: BranchHints, code?: Uint8Array): Uint8Array {
  return replaceSections(module, info, (section) => {
    if (section.id === SectionId.Custom && section.name === BRANCH_HINTS) {
      return new Uint8Array();
    }
    return section.id === SectionId.Code ? concat([encodeBranchHints(hints), code ?? section.bytes]) : section.bytes;
  });
}

/** The offsets of the branches in a function's body that a hint may be for. */
export function branchesOf(body: Uint8Array): number[] {
  const offsets: number[] = [];
  forEachInstruction(body, (op, start) => {
    if (op === Op.If || op === Op.BrIf) {
      offsets.push(start);
    }
  });
  return offsets;
}

/** Takes the hints of a function along when its code is written anew. */
export class MovedHints {
  readonly #old: BodyHints;
  readonly #moved = new Map<number, boolean>();

  constructor(old: BodyHints = NO_HINTS) {
    this.#old = old;
  }

  /** Is told of every instruction that stays. */
  move(from: number, to: number): void {
    const likely = this.#old.get(from);
    if (likely !== undefined) {
      this.#moved.set(to, likely);
    }
  }

  get hints(): BodyHints {
    return this.#moved;
  }
}
