/** Lets a request through when a random byte that another service sends is even. */

import { defineFilter, Response } from "proxy-wasm-ts";

export default defineFilter({
  async onRequestHeaders(_request, { fetch, log }) {
    const answer = await fetch("/bytes/1", { cluster: "httpbin", authority: "httpbin.org", timeoutMs: 1000 });
    const [byte = 1] = answer.bytes();
    if (byte % 2 === 0) {
      log.info("Access granted.");
      return undefined;
    }
    log.info("Access forbidden.");
    return new Response("Access forbidden.\n", { status: 403, headers: { "powered-by": "proxy-wasm" } });
  },

  onResponseHeaders({ headers }) {
    headers.set("powered-by", "proxy-wasm");
  },
});
