/** The filter of the tests of bodies that are looked at as they arrive, and held until their end. */

import { defineFilter, fetch, Response } from "proxy-wasm-ts";

export default defineFilter({
  requestBody: "inspect",
  responseBody: "inspect",
  state: () => ({ path: "", parts: 0 }),

  onRequestHeaders(request) {
    request.state.path = request.path;
  },

  async onRequestBody({ body, state }, { log }) {
    const text = body.text();
    if (text !== "") {
      state.parts++;
      log.info(`part ${state.parts}: ${text}, ended ${body.ended}`);
    }
    if (state.path === "/slow") {
      await fetch("/slow", { cluster: "other" });
    }
    if (text.includes("bad")) {
      return new Response("bad", { status: 403 });
    }
    if (state.path === "/upper") {
      body.set(text.toUpperCase());
    }
    if (state.path === "/longer") {
      body.set(`${text}!`);
    }
    return undefined;
  },

  onRequestTrailers(request) {
    request.trailers.set("x-parts", String(request.state.parts));
  },

  onResponseBody({ body, state }, { log }) {
    log.info(`response part: ${body.size}`);
    if (state.path === "/upper") {
      body.set(body.text().replace("A", "4"));
    }
  },
});
