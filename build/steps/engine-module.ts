import { readFile } from "node:fs/promises";

import { BuildError } from "../errors.ts";
import { engineFile } from "../package-files.ts";

/** @throws BuildError when the engine is not there: a checkout in which it was not made yet */
export async function readEngine(name: "compiler" | "runtime"): Promise<Uint8Array> {
  const file = engineFile(name);
  try {
    return await readFile(file);
  } catch (cause) {
    throw new BuildError(
      `the engine is missing (${file}). In a checkout of proxy-wasm-ts, "npm run build:engine" makes it; ` +
        "the npm package holds it: there, install the package again.",
      { cause },
    );
  }
}
