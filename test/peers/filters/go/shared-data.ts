/** Counts requests in data that all workers share. */

import { defineFilter, log, onVmStart, sharedData } from "proxy-wasm-ts";

const KEY = "shared_data_key";

onVmStart(() => {
  sharedData.set(KEY, "0");
});

export default defineFilter({
  onRequestHeaders() {
    log.info(`shared value: ${sharedData.updateJson(KEY, (old) => Number(old) + 1)}`);
  },
});
