/** Runs a test in a hook. `runTest` is what script.ts puts before this filter's bundle. */

import { defineFilter } from "proxy-wasm-ts";

declare const runTest: (log: (line: string) => void) => void;

export default defineFilter({
  // Some tests go through all characters.
  limits: { callbackMs: 60_000, heapBytes: 512 * 2 ** 20, queuedJobs: 1_000_000 },
  onRequestHeaders(_request, { log }) {
    runTest((line) => {
      log.info(line);
    });
  },
});
