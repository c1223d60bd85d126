import binaryen from "binaryen";

import type { BodyHints } from "../build/wasm/branch-hints.ts";
import { branchesOf } from "../build/wasm/branch-hints.ts";

/**
 * The module that WebAssembly's text format describes.
 *
 * @param names - whether it has the functions' names
 */
export function assemble(text: string, { names = false } = {}): Uint8Array {
  const module = binaryen.parseText(text);
  // Those that a test here uses: with all of them, binaryen encodes imports in a way that hosts do not read.
  module.setFeatures(
    binaryen.Features.Atomics |
      binaryen.Features.BulkMemory |
      binaryen.Features.ExceptionHandling |
      binaryen.Features.ExtendedConst |
      binaryen.Features.Memory64 |
      binaryen.Features.MultiMemory |
      binaryen.Features.MutableGlobals,
  );
  binaryen.setDebugInfo(names); // of all modules
  try {
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}

const SIGNS: Readonly<Record<string, string>> = { true: "+", false: "-" };

/** A function's hints in the signs of build/engine/branches.txt. */
export function signsOf(body: Uint8Array, hints: BodyHints): string {
  return branchesOf(body)
    .map((offset) => SIGNS[String(hints.get(offset))] ?? ".")
    .join("");
}
