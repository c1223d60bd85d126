/** The filter of the tests of bodies that are handled as they arrive. */

import { defineFilter, fetch } from "proxy-wasm-ts";

export default defineFilter({
  requestBody: "stream",
  responseBody: "stream",
  state: () => ({ path: "", requestBytes: 0, parts: 0, responseBytes: 0 }),

  onRequestHeaders(request) {
    request.state.path = request.path;
    request.headers.delete("content-length");
  },

  async onRequestBody(request) {
    const { body, state } = request;
    state.requestBytes += body.size;
    state.parts++;
    switch (state.path) {
      case "/upper":
        body.set(body.text().toUpperCase());
        break;
      case "/slow":
        await fetch("/slow", { cluster: "other" });
        if (body.size > 0) {
          body.set(`[${body.text()}]`);
        }
        break;
    }
  },

  onResponseHeaders(response) {
    response.headers.set("x-request-bytes", String(response.state.requestBytes));
    response.headers.delete("content-length");
  },

  onResponseBody(response, { log }) {
    const { body, state } = response;
    state.responseBytes += body.size;
    if (state.path === "/upper") {
      body.set(body.text().toUpperCase());
    }
    if (body.ended) {
      log.info(`response: ${state.responseBytes} bytes`);
    }
  },
});
