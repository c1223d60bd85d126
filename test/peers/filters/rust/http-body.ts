/** Redacts responses in which there is a secret. */

import { defineFilter } from "proxy-wasm-ts";

export default defineFilter({
  responseBody: "rewrite",

  onResponseBody({ body }) {
    if (body.text().includes("secret")) {
      body.set(`Original message body (${body.size} bytes) redacted.\n`);
    }
  },
});
