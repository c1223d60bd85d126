/** The program `proxy-wasm-ts` in a checkout, which first makes the engine when it is not there yet or stale. */

import { makeEngine } from "./engine/make.ts";

try {
  process.exitCode = await makeEngine((line) => {
    console.log(line);
  });
} catch (error) {
  console.error(`build:engine: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
if (process.exitCode === 0) {
  await import("./cli.ts");
}
