/**
 * Makes engine/compiler.wasm and engine/runtime.wasm: `npm run build:engine`. Needs Python 3 with pip, once, for the source.
 *
 * `main.ts NAME` makes one module, whether it is stale or not.
 */

import { buildModule, ENGINE_MODULES } from "./engine.ts";
import { makeEngine } from "./make.ts";

const print = (line: string) => {
  console.log(line);
};

try {
  const [name] = process.argv.slice(2);
  if (name === undefined) {
    process.exitCode = await makeEngine(print);
  } else {
    await Promise.all(
      ENGINE_MODULES.filter((module) => module.name === name).map((module) => buildModule(module, print)),
    );
  }
} catch (error) {
  console.error(`build:engine: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
