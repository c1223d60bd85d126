import binaryen from "binaryen";

import type { BodyHints } from "../build/wasm/branch-hints.ts";
import { branchesOf } from "../build/wasm/branch-hints.ts";

/** The module that WebAssembly's text format describes, with the functions' names. */
export function assemble(text: string): Uint8Array {
  const module = binaryen.parseText(text);
  binaryen.setDebugInfo(true); // keeps the names
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
