import { defineFilter } from "proxy-wasm-ts";

/** Asks back-python before each request goes on. */
export default defineFilter({
  async onRequestHeaders(request, { fetch, log }) {
    const answer = await fetch(request.path, { cluster: "back-python" });
    log.info(`back-python answered ${answer.status}`);
  },
});
