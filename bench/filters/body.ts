import { defineFilter } from "proxy-wasm-ts";

/** Reads the request's body whole, and tells the client its length. */
export default defineFilter({
  state: () => ({ length: 0 }),

  onRequestBody(request) {
    request.state.length = request.body.bytes().length;
  },

  onResponseHeaders(response) {
    response.headers.set("x-body-length", String(response.state.length));
  },
});
