import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

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

/**
 * Runs binaryen's wasm-opt on a module.
 *
 * It is a process of its own, without the loader that runs a checkout's TypeScript: that takes seconds for a file of 11 MB.
 *
 * @param passes - its options, for example `-Oz`
 * @throws Error when the module is not valid with the features of Proxy-Wasm hosts
 */
export async function wasmOpt(module: Uint8Array, passes: readonly string[]): Promise<Uint8Array> {
  const program = fileURLToPath(new URL("./bin/wasm-opt", import.meta.resolve("binaryen")));
  const folder = await mkdtemp(join(tmpdir(), "proxy-wasm-ts-"));
  try {
    const [input, output] = [join(folder, "input.wasm"), join(folder, "output.wasm")];
    await writeFile(input, module);
    await promisify(execFile)(process.execPath, [program, ...FEATURES, ...passes, input, "-o", output]);
    return await readFile(output);
  } catch (cause) {
    throw new Error("wasm-opt refused the module", { cause });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
