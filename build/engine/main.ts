/**
 * Makes engine/compiler.wasm and engine/runtime.wasm: `npm run build:engine`. Needs Python 3 with pip, once, for the source.
 */

import { buildEngine } from "./engine.ts";

try {
  await buildEngine((line) => {
    console.log(line);
  });
} catch (error) {
  console.error(`build:engine: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
