/** Reads the request's headers as a list, says what it has read, and writes the same list again. */

import { defineFilter } from "proxy-wasm-ts";
import { MapType, proxy_get_header_map_pairs, proxy_set_header_map_pairs } from "proxy-wasm-ts/hostcalls";

export default defineFilter({
  onRequestHeaders(_request, { log }) {
    const pairs = proxy_get_header_map_pairs(MapType.HttpRequestHeaders);
    log.info(JSON.stringify(pairs));
    proxy_set_header_map_pairs(MapType.HttpRequestHeaders, pairs);
  },
});
