/** Answers with what a Lua filter before this one has left in the request's metadata. */

import { decodeProperty, defineFilter, getProperty, Response } from "proxy-wasm-ts";

const METADATA = ["metadata", "filter_metadata", "envoy.filters.http.lua", "uppercased-custom-metadata"] as const;

export default defineFilter({
  onRequestHeaders(request) {
    const data = decodeProperty(getProperty(METADATA, request), "string");
    if (data === undefined) {
      return undefined;
    }
    return new Response(`Custom response with Envoy metadata: ${JSON.stringify(data)}\n`, {
      headers: { "powered-by": "proxy-wasm", "uppercased-metadata": data },
    });
  },
});
