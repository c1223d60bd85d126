/** Looks for a word in each part of a body as it arrives; nothing of the body goes on before all of it was seen. */

import { defineFilter, Response } from "proxy-wasm-ts";

export default defineFilter({
  state: () => ({ chunks: 0 }),
  requestBody: "inspect",

  onRequestBody({ body, state }, { log }) {
    if (body.size > 0) {
      state.chunks++;
      log.info(`read chunk size: ${body.size}`);
    }
    if (body.text().includes("pattern")) {
      const found = `pattern found in chunk: ${state.chunks}`;
      log.info(found);
      return new Response(found, { status: 403, headers: { "powered-by": "proxy-wasm-go-sdk" } });
    }
    if (body.ended) {
      log.info("pattern not found");
    }
    return undefined;
  },
});
