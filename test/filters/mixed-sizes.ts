/** The filter of the allocator's test: streams that hold bytes, strings, lists and maps of the size that a header says. */

import { defineFilter } from "proxy-wasm-ts";

/** Something of about that many bytes. */
function make(bytes: number): unknown {
  switch (bytes % 4) {
    case 0:
      return new Uint8Array(bytes);
    case 1:
      return "x".repeat(bytes);
    case 2:
      return new Array<number>(bytes >> 3).fill(0.5);
    default:
      return new Map(Array.from({ length: bytes >> 8 }, (_, at) => [at, { at }]));
  }
}

export default defineFilter({
  limits: { callbackMs: 10_000 },
  requestBody: "rewrite",
  state: () => ({ held: [] as unknown[] }),

  async onRequestHeaders(request, { fetch }) {
    const bytes = Number(request.headers.get("x-bytes"));
    request.state.held.push(make(bytes), [...request.headers]);
    if (request.headers.get("x-waits") !== null) {
      const answer = await fetch("/", { cluster: "other", body: "x".repeat(bytes >> 2), timeoutMs: 3_600_000 });
      request.state.held.push(answer.bytes(), make(bytes + 1));
    }
  },

  onRequestBody(request) {
    request.state.held.push(request.body.bytes());
    request.body.set("y".repeat(request.body.size * 2));
  },

  onResponseHeaders(response) {
    response.headers.set("x-held", String(response.state.held.length));
  },
});
