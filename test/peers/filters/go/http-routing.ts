/** Sends every second request, by chance, to the canary: by another authority, which Envoy's routes look at. */

import { bytesConfig, defineFilter } from "proxy-wasm-ts";

export default defineFilter({
  /** One byte takes the place of the dice, for tests. */
  config: bytesConfig(([dice]) => dice),

  onRequestHeaders(request, { config, log }) {
    const dice = config ?? Math.floor(Math.random() * 6) + 1;
    log.info(`value: ${dice}`);
    if (dice % 2 === 0) {
      request.authority += "-canary";
    }
  },
});
