/** Holds requests, and lets all of them go on once a second. */

import { defineFilter } from "proxy-wasm-ts";

const postponed: (() => void)[] = [];

export default defineFilter({
  setup({ every }) {
    every(1000, () => {
      for (const resume of postponed.splice(0)) {
        resume();
      }
    });
  },

  async onRequestHeaders({ contextId }, { log }) {
    log.info(`postpone request with contextID=${contextId}`);
    await new Promise<void>((resume) => postponed.push(resume));
    log.info(`resume request with contextID=${contextId}`);
  },
});
