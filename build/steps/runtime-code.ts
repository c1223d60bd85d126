import type { Graph } from "../engine/graph.ts";
import { readBranchHints, withCode } from "../wasm/branch-hints.ts";
import type { BranchHints } from "../wasm/branch-hints.ts";
import { encodeCode, functionCode } from "../wasm/code.ts";
import { functionNames } from "../wasm/function-names.ts";
import { readModule } from "../wasm/module.ts";
import type { ModuleInfo } from "../wasm/module.ts";

/** The runtime, taken apart into its functions. */
export interface RuntimeCode {
  readonly wasm: Uint8Array;
  readonly info: ModuleInfo;
  /** By the functions' indices, as all here. */
  readonly names: ReadonlyMap<number, string>;
  /** Locals and instructions. */
  readonly bodies: ReadonlyMap<number, Uint8Array>;
  readonly hints: BranchHints;
  readonly graph: Graph;
}

export function readRuntimeCode(wasm: Uint8Array, graph: Graph): RuntimeCode {
  const info = readModule(wasm);
  return { wasm, info, names: functionNames(info), bodies: functionCode(info), hints: readBranchHints(info), graph };
}

/** The runtime with this code in its functions. */
export function withRuntimeCode({ wasm, info, bodies, hints }: RuntimeCode): Uint8Array {
  return withCode(wasm, info, hints, encodeCode([...bodies.values()]));
}
