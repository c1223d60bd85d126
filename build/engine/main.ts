/**
 * Makes engine/compiler.wasm and engine/runtime.wasm: `npm run build:engine`. Needs Python 3 with pip, once, for the source.
 *
 * `main.ts NAME` makes one module, whether it is stale or not.
 */

import { buildModule, ENGINE_MODULES } from "./engine.ts";
import { makeEngine, orTellError } from "./make.ts";

const print = (line: string) => {
  console.log(line);
};

const [name] = process.argv.slice(2);
process.exitCode = await orTellError(async () => {
  if (name === undefined) {
    return makeEngine(print);
  }
  await Promise.all(
    ENGINE_MODULES.filter((module) => module.name === name).map((module) => buildModule(module, print)),
  );
  return 0;
});
