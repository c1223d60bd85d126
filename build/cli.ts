#!/usr/bin/env node
/** The program `proxy-wasm-ts`. Looks at Node's version before anything is loaded that an old one cannot read. */

import { unsupportedNode } from "./node-version.ts";

const refusal = unsupportedNode(process.versions.node);
if (refusal === undefined) {
  const { runCommandLine } = await import("./command-line.ts");
  process.exitCode = await runCommandLine(process.argv.slice(2), {
    out: (text) => {
      console.log(text);
    },
    err: (text) => {
      console.error(text);
    },
  });
} else {
  console.error(refusal);
  process.exitCode = 1;
}
