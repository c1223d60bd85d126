import { keepExports } from "../wasm/exports.ts";
import { wasmOpt } from "../wasm/wasm-opt.ts";

const PASSES = ["--remove-unused-module-elements", "--strip-debug", "--strip-producers", "--strip-target-features"];

/**
 * Removes from a module what nothing reaches from the given exports, and the sections that only tools read.
 *
 * @throws Error when the module is not valid with the features of Proxy-Wasm hosts
 */
export async function strip(module: Uint8Array, exports: readonly string[]): Promise<Uint8Array> {
  return wasmOpt(keepExports(module, exports), PASSES);
}
