/** Counts requests by the value of a header, under names of the form that the Go SDK's example has. */

import { defineCounter, defineFilter } from "proxy-wasm-ts";
import type { Counter } from "proxy-wasm-ts";

const counters = new Map<string, Counter>();

function counterOf(value: string): Counter {
  let counter = counters.get(value);
  if (counter === undefined) {
    counter = defineCounter(`custom_header_value_counts_value=${value}_reporter=wasmgosdk`);
    counters.set(value, counter);
  }
  return counter;
}

export default defineFilter({
  onRequestHeaders({ headers }) {
    const value = headers.get("my-custom-header");
    if (value !== null) {
      counterOf(value).increment();
    }
  },
});
