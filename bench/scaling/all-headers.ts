import { defineFilter } from "proxy-wasm-ts";

/** Looks at all headers of a request. */
export default defineFilter({
  onRequestHeaders(request) {
    let bytes = 0;
    for (const [name, value] of request.headers) {
      bytes += name.length + value.length;
    }
    request.headers.set("x-bytes", String(bytes));
  },
});
