/** Makes names, shapes and garbage that no other request has, in several ways. Answers what is in use when a request begins. */

import { defineFilter, memoryUsage, Response } from "proxy-wasm-ts";

let requests = 0;
const kept: Record<string, number> = {};

function fill(most: number, keepAt: number): void {
  const names: Record<string, number> = {};
  for (let name = 0; name < most; name++) {
    names[`${requests} ${name}`] = name;
    if (name === keepAt) {
      kept[`kept ${requests}`] = name;
    }
  }
}

function prototypes(): void {
  let object = {};
  for (let i = 0; i < 10_000; i++) {
    object = Object.create(object) as object;
  }
}

/** Garbage that only the collector finds, more than the heap. */
function cycles(): void {
  for (let i = 0; i < 700; i++) {
    const cycle: { bytes: Uint8Array; self?: unknown } = { bytes: new Uint8Array(12_345) };
    cycle.self = cycle;
  }
}

export default defineFilter({
  limits: { heapBytes: 8 * 2 ** 20, callbackMs: 60_000 },

  onRequestHeaders(request) {
    requests++;
    switch (request.path) {
      case "/fill":
        fill(Infinity, -1);
        break;
      case "/fill-and-keep-one":
        fill(Infinity, 10_000);
        break;
      case "/some":
        fill(25_000, -1);
        break;
      case "/map":
        fill(300, -1);
        break;
      case "/prototypes":
        prototypes();
        break;
      case "/cycles":
        cycles();
        break;
    }
    return new Response(String(memoryUsage().heapBytes));
  },
});
