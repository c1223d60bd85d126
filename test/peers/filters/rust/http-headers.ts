/** Logs the headers of both sides, and answers one path itself. */

import { defineFilter, Response } from "proxy-wasm-ts";

export default defineFilter({
  onRequestHeaders({ contextId, headers, path }, { log }) {
    for (const [name, value] of headers) {
      log.info(`#${contextId} -> ${name}: ${value}`);
    }
    return path === "/hello"
      ? new Response("Hello, World!\n", { headers: { hello: "World", "powered-by": "proxy-wasm" } })
      : undefined;
  },

  onResponseHeaders({ contextId, headers }, { log }) {
    for (const [name, value] of headers) {
      log.info(`#${contextId} <- ${name}: ${value}`);
    }
  },

  onLog({ contextId }, { log }) {
    log.info(`#${contextId} completed.`);
  },
});
