import { defineFilter } from "proxy-wasm-ts";

/** Tells the upstream the path a second time. */
export default defineFilter({
  onRequestHeaders(request) {
    request.headers.set("x-path", request.path);
  },
});
