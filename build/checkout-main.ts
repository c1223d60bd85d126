/** The program `proxy-wasm-ts` in a checkout, which first makes the engine when it is not there yet or stale. */

import { engineStamps, isSeen, rememberSeen } from "./engine/seen.ts";

const stamps = engineStamps();
if (!isSeen(stamps)) {
  const { makeEngine, orTellError } = await import("./engine/make.ts");
  process.exitCode = await orTellError(() =>
    makeEngine((line) => {
      console.log(line);
    }),
  );
  if (process.exitCode === 0) {
    rememberSeen(stamps);
  }
}
if ((process.exitCode ?? 0) === 0) {
  await import("./cli.ts");
}
