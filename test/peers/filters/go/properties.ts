/** Asks for the header that the metadata of the request's route names. */

import { decodeProperty, defineFilter, getProperty, Response } from "proxy-wasm-ts";

// "envoy.filters.http.wasm" is one name: a list, since a dotted path would make four of it.
const AUTH = ["xds", "route_metadata", "filter_metadata", "envoy.filters.http.wasm", "auth"] as const;

export default defineFilter({
  onRequestHeaders(request, { log }) {
    const header = decodeProperty(getProperty(AUTH, request), "string");
    if (header === undefined) {
      log.info("no auth header for route");
      return undefined;
    }
    log.info(`auth header is "${header}"`);
    return request.headers.has(header) ? undefined : new Response(null, { status: 401, grpcStatus: 16 });
  },

  onLog({ contextId }, { log }) {
    log.info(`${contextId} finished`);
  },
});
