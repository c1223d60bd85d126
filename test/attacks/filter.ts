/** Runs the attack that a request's path names, in the hook of its headers; with `?later`, after a call. */

import { defineFilter, hash, hmac, jsonField, URLSearchParams } from "proxy-wasm-ts";

import { attacks } from "./attacks.ts";

export default defineFilter({
  async onRequestHeaders(request, { fetch }) {
    const [name = "", when] = request.path.slice(1).split("?");
    if (when === "later") {
      await fetch("/", { cluster: "other" });
    }
    await attacks[name]?.run({ hash, hmac, jsonField, URLSearchParams });
    request.headers.set("x-survived", name);
  },
});
