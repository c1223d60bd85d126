import { defineFilter } from "proxy-wasm-ts";

/** Each stream waits until its call is answered. */
export default defineFilter({
  async onRequestHeaders(request, { fetch }) {
    await fetch(request.path, { cluster: "back-python", timeoutMs: 3_600_000 });
  },
});
