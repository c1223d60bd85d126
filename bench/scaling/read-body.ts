import { defineFilter } from "proxy-wasm-ts";

/** Reads a body whole, as text, and writes it back in another length. */
export default defineFilter({
  requestBody: "rewrite",

  onRequestBody(request) {
    request.body.set(`${request.body.text()}.`);
  },
});
