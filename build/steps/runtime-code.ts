import type { Graph } from "../engine/graph.ts";
import { BRANCH_HINTS, encodeBranchHints, readBranchHints } from "../wasm/branch-hints.ts";
import type { BodyHints } from "../wasm/branch-hints.ts";
import { encodeCode, functionCode } from "../wasm/code.ts";
import { concat } from "../wasm/encode.ts";
import { functionNames } from "../wasm/function-names.ts";
import { readModule, SectionId } from "../wasm/module.ts";
import type { Signature } from "../wasm/module.ts";
import { replaceSections } from "../wasm/rewrite.ts";

/** The runtime, taken apart into its functions. */
export interface RuntimeCode {
  /** By the functions' indices, as all here. */
  readonly names: ReadonlyMap<number, string>;
  /** Locals and instructions. */
  readonly bodies: ReadonlyMap<number, Uint8Array>;
  readonly hints: ReadonlyMap<number, BodyHints>;
  readonly signatures: readonly (Signature | undefined)[];
  readonly graph: Graph;
}

export function readRuntimeCode(runtime: Uint8Array, graph: Graph): RuntimeCode {
  const info = readModule(runtime);
  return {
    names: functionNames(info),
    bodies: functionCode(info),
    hints: readBranchHints(info),
    signatures: info.functions,
    graph,
  };
}

/** The runtime with other code in its functions. */
export function withRuntimeCode(runtime: Uint8Array, { bodies, hints }: RuntimeCode): Uint8Array {
  return replaceSections(runtime, readModule(runtime), (section) => {
    if (section.id === SectionId.Custom && section.name === BRANCH_HINTS) {
      return new Uint8Array();
    }
    return section.id === SectionId.Code
      ? concat([encodeBranchHints(hints), encodeCode([...bodies.values()])])
      : section.bytes;
  });
}
