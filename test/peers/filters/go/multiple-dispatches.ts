/** Holds a response until ten calls side by side have been answered. */

import { defineFilter, FetchError } from "proxy-wasm-ts";

const CALLS = 10;

export default defineFilter({
  async onResponseHeaders({ headers }, { fetch, log }) {
    let pending = CALLS;
    const call = async () => {
      await fetch("/", { cluster: "httpbin", timeoutMs: 50_000 }).catch((error: unknown) => {
        if (!(error instanceof FetchError)) throw error;
      });
      if (--pending > 0) {
        log.info(`pending dispatched requests: ${pending}`);
      }
    };
    await Promise.all(Array.from({ length: CALLS }, call));
    headers.append("total-dispatched", String(CALLS));
    log.info(`response resumed after processed ${CALLS} dispatched request`);
  },
});
