import { keepExports } from "../wasm/exports.ts";
import { wasmOpt } from "../wasm/wasm-opt.ts";

/** -g: the functions' names stay for the next step. */
const PASSES = ["--remove-unused-module-elements", "-g", "--strip-producers", "--strip-target-features"];

/**
 * Removes from a module what nothing reaches from the given exports, and custom sections but for the functions' names.
 *
 * @throws Error when the module is not valid with the features of Proxy-Wasm hosts
 */
export async function strip(module: Uint8Array, exports: readonly string[]): Promise<Uint8Array> {
  return wasmOpt(keepExports(module, exports), PASSES);
}
