/** The filter of the collector's test: garbage that only the collector frees, as many cycles for each request as a header says. */

import { defineFilter } from "proxy-wasm-ts";

/** Two maps, a closure and a promise that all lead to each other. */
function makeCycle(text: string): Map<string, unknown> {
  const first = new Map<string, unknown>([["text", text.repeat(8)]]);
  const second = new Map<string, unknown>([["first", first]]);
  first.set("second", second);
  first.set("closure", () => second.get("first"));
  const promise = new Promise((resolve) => {
    second.set("resolve", resolve);
  });
  second.set(
    "promise",
    promise.then(() => first),
  );
  return first;
}

export default defineFilter({
  limits: { heapBytes: 4 * 2 ** 20 },
  state: () => ({ cycle: makeCycle("") }),

  async onRequestHeaders(request, { fetch }) {
    const id = request.headers.get("x-id") ?? "";
    for (let left = Number(request.headers.get("x-cycles")); left > 0; left--) {
      makeCycle(id);
    }
    request.state.cycle = makeCycle(id);
    if (request.headers.has("x-waits")) {
      await fetch("/", { cluster: "other", timeoutMs: 3_600_000 });
    }
    request.headers.set("x-id", String(request.state.cycle.get("text")).slice(0, id.length));
  },
});
