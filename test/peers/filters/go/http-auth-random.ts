/** Asks another service about each request, and goes by the hash of its answer. */

import { defineFilter, encodeUtf8, Response } from "proxy-wasm-ts";

const CLUSTER = "httpbin";

/** FNV-1a, 32 bits. */
function fnv1a(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return hash >>> 0;
}

export default defineFilter({
  async onRequestHeaders(request, { fetch, log }) {
    const { method, path, authority } = request;
    for (const [name, value] of request.headers) {
      log.info(`request header: ${name}: ${value}`);
    }
    const call = fetch(path || "/", {
      cluster: CLUSTER,
      method: method || "GET",
      authority,
      headers: request.headers.pick(["*"]),
      timeoutMs: 50_000,
    });
    log.info(`http call dispatched to ${CLUSTER}`);

    const answer = await call;
    for (const [name, value] of answer.headers) {
      log.info(`response header from ${CLUSTER}: ${name}: ${value}`);
    }
    if (fnv1a(answer.bytes()) % 2 === 0) {
      log.info("access granted");
      return undefined;
    }
    log.info("access forbidden");
    // As bytes: a text would get a content-type.
    return new Response(encodeUtf8("access forbidden"), {
      status: 403,
      headers: { "powered-by": "proxy-wasm-go-sdk!!" },
    });
  },
});
