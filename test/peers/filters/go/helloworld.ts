/** Logs when it starts, and then every second. */

import { crypto, defineFilter } from "proxy-wasm-ts";

export default defineFilter({
  setup({ every, log }) {
    log.info("OnPluginStart from Go!");
    every(1000, () => {
      const [random = 0n] = crypto.getRandomValues(new BigUint64Array(1));
      log.info(`It's ${Date.now()}: random value: ${random}`);
      log.info("OnTick called");
    });
  },
});
