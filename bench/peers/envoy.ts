import { typeUrl } from "../../build/envoy/bootstrap.ts";
import type { Code, FilterName } from "../modules.ts";

/** Large enough for all bodies of the benchmark. */
const MAX_BODY_BYTES = 1 << 20;

/** Envoy's own filters that come nearest to a filter's work. The configuration replaces the code, and can do no more than this. */
export function envoyFilter(filter: FilterName): Code {
  return { kind: "envoy", httpFilters: filtersFor(filter) };
}

function filtersFor(filter: FilterName): object[] {
  switch (filter) {
    case "header":
      return [setHeader("request", "x-path", "%REQ(:PATH)%")];
    case "body":
      // The length is what content-length says: the filter of buffers has read the whole body then.
      return [
        httpFilter("buffer", "Buffer", { max_request_bytes: MAX_BODY_BYTES }),
        setHeader("response", "x-body-length", "%REQ(CONTENT-LENGTH)%"),
      ];
    case "call":
      // It logs nothing, and an answer that is not 200 would end the request.
      return [
        httpFilter("ext_authz", "ExtAuthz", {
          transport_api_version: "V3",
          http_service: {
            server_uri: { uri: "http://back-python", cluster: "back-python", timeout: "5s" },
          },
        }),
      ];
    case "rewrite":
    case "json":
    case "jump":
      throw new Error(`Envoy has no filter of its own for ${filter}`);
  }
}

function setHeader(of: "request" | "response", key: string, value: string): object {
  const append = { header: { key, value }, append_action: "OVERWRITE_IF_EXISTS_OR_ADD" };
  return httpFilter("header_mutation", "HeaderMutation", { mutations: { [`${of}_mutations`]: [{ append }] } });
}

function httpFilter(name: string, message: string, config: object): object {
  const type = typeUrl(`envoy.extensions.filters.http.${name}.v3.${message}`);
  return { name: `envoy.filters.http.${name}`, typed_config: { "@type": type, ...config } };
}
