/** Logs the configurations of its VM and of its plugin. */

import { defineFilter, log, onVmStart, textConfig } from "proxy-wasm-ts";

onVmStart((configuration) => {
  log.info(`vm config: ${configuration}`);
});

export default defineFilter({
  config: textConfig((text) => text),
  setup({ config }) {
    log.info(`plugin config: ${config}`);
  },
});
