/** Makes as many calls as its path says, one after the other, and marks its own request after each. */

import { defineFilter } from "proxy-wasm-ts";

export default defineFilter({
  state: () => ({ id: "" }),

  async onRequestHeaders(request, { fetch }) {
    const [, id = "", calls = "0"] = request.path.split("/");
    request.state.id = id;
    const seen: string[] = [];
    for (let call = 0; call < Number(calls); call++) {
      const answer = await fetch(`/${id}/${call}`, {
        cluster: "other",
        headers: { "x-id": request.headers.get("x-id") ?? "" },
      });
      seen.push(answer.text());
      request.headers.append("x-mark", `${id}:${call}`);
    }
    request.headers.set("x-seen", seen.join());
    request.headers.set("x-own", `${request.state.id} ${request.path}`);
  },

  onResponseHeaders(response) {
    response.headers.set("x-id", response.state.id);
  },
});
