/** The program `proxy-wasm-ts` in a checkout, which first makes the engine when it is not there yet or stale. */

import { makeEngine, orTellError } from "./engine/make.ts";

process.exitCode = await orTellError(() =>
  makeEngine((line) => {
    console.log(line);
  }),
);
if (process.exitCode === 0) {
  await import("./cli.ts");
}
