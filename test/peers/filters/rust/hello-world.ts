/** A Wasm service that logs the time and a random number every five seconds. */

import { crypto, defineFilter } from "proxy-wasm-ts";

export default defineFilter({
  setup({ every, log }) {
    log.info("Hello, World!");
    every(5000, () => {
      const [number = 0] = crypto.getRandomValues(new Uint8Array(1));
      log.info(`It's ${new Date().toISOString()}, your lucky number is ${number}.`);
    });
  },
});
