import { defineFilter } from "proxy-wasm-ts";

/** What the image has after it was pushed again: unlike the jump filter, it calls nobody. */
export default defineFilter({
  onResponseHeaders(response) {
    response.headers.set("x-plugin", "second");
  },
});
