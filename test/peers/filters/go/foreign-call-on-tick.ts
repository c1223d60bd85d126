/** Has Envoy compress some bytes at each tick. */

import { compress, defineFilter } from "proxy-wasm-ts";

const PERIOD_MS = 1;

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export default defineFilter({
  setup({ every, log }) {
    let calls = 0;
    every(PERIOD_MS, () => {
      const result = compress("hello world!");
      log.info(`foreign function (compress) called: ${++calls}, result: ${hex(result)}`);
    });
    log.info(`set tick period milliseconds: ${PERIOD_MS}`);
  },
});
