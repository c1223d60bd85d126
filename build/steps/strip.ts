import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { keepExports } from "../wasm/exports.ts";

/**
 * WebAssembly features that every Proxy-Wasm host has: the first version's, and these. A module that needs another one is not
 * valid here, and would not load there.
 */
const FEATURES = [
  "--mvp-features",
  "--enable-mutable-globals",
  "--enable-sign-ext",
  "--enable-nontrapping-float-to-int",
  "--enable-bulk-memory",
  "--enable-bulk-memory-opt",
];

const PASSES = ["--remove-unused-module-elements", "--strip-debug", "--strip-producers", "--strip-target-features"];

/**
 * Removes from a module what nothing reaches from the given exports, and the sections that only tools read.
 *
 * @throws Error when the module is not valid with the features of Proxy-Wasm hosts
 */
export async function strip(module: Uint8Array, exports: readonly string[]): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), "proxy-wasm-ts-"));
  try {
    const [input, output] = [join(folder, "input.wasm"), join(folder, "output.wasm")];
    await writeFile(input, keepExports(module, exports));
    await wasmOpt([...FEATURES, ...PASSES, input, "-o", output]);
    return await readFile(output);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A process of its own, without the loader that runs a checkout's TypeScript: that takes seconds for a file of 15 MB. */
async function wasmOpt(args: readonly string[]): Promise<void> {
  const program = fileURLToPath(new URL("./bin/wasm-opt", import.meta.resolve("binaryen")));
  try {
    await promisify(execFile)(process.execPath, [program, ...args]);
  } catch (cause) {
    throw new Error("wasm-opt refused the module", { cause });
  }
}
