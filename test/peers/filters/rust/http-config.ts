/** Adds a response header whose value is the configuration. */

import { defineFilter, textConfig } from "proxy-wasm-ts";

export default defineFilter({
  config: textConfig((text) => text),

  onResponseHeaders({ headers }, { config }) {
    headers.append("custom-header", config);
  },
});
