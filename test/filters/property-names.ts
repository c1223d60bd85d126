/** Fills the heap with an object whose property names no other request has. Answers what is in use when a request begins. */

import { defineFilter, memoryUsage, Response } from "proxy-wasm-ts";

let requests = 0;

export default defineFilter({
  limits: { heapBytes: 8 * 2 ** 20, callbackMs: 60_000 },

  onRequestHeaders(request) {
    if (request.path === "/usage") {
      return new Response(String(memoryUsage().heapBytes));
    }
    const names: Record<string, number> = {};
    requests++;
    for (let name = 0; ; name++) {
      names[`${requests} ${name}`] = name;
    }
  },
});
