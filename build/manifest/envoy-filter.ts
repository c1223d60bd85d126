import { typeUrl } from "../envoy/bootstrap.ts";
import { metadata, moduleUrl, workloads } from "./istio.ts";
import { refusal, refuseParts } from "./refuse.ts";
import type { ManifestRequest, Match, MatchMode } from "./request.ts";

const KIND = "EnvoyFilter";
const WASM = "envoy.extensions.filters.http.wasm.v3.Wasm";

/** The listeners of a mode. As Istio has it for WasmPlugin, a gateway is a client. */
const CONTEXTS: Readonly<Record<MatchMode, readonly string[]>> = {
  SERVER: ["SIDECAR_INBOUND"],
  CLIENT: ["SIDECAR_OUTBOUND", "GATEWAY"],
  CLIENT_AND_SERVER: ["ANY"],
};

/**
 * A patch of the proxy's configuration, for meshes without WasmPlugin, or for what it cannot say. The filter comes right before the router. A
 * module in a registry is fetched by Istio's agent beside the proxy: it looks into configurations that come by ECDS, and so the filter is
 * such a one (`EXTENSION_CONFIG`). One in a file is Envoy's own to read.
 * Source: https://istio.io/latest/docs/reference/config/networking/envoy-filter/; istio.io/istio, pkg/wasm/convert.go
 *
 * @throws CommandError
 */
export function envoyFilter(request: ManifestRequest): object {
  refuseParts(KIND, request, {
    phase: "the filter comes right before the router. Use --for wasmplugin.",
    priority: "its own priority orders patches, and not plugins. Use --for wasmplugin.",
    pullPolicy: "the agent fetches an image again when its name changes. Push another tag, or pin the digest.",
    pullSecret:
      "istiod hands out secrets for WasmPlugin and TrafficExtension only. Use one of these, or give the proxy a Docker configuration.",
  });
  if (request.type === "network") {
    throw refusal(KIND, "--type network", "a network filter's place depends on the listener. Use --for wasmplugin.");
  }
  const { source, match, name } = request;
  const filterName = `${request.namespace ?? "default"}.${name}`;
  const remote = source.from !== "file";
  const filter = remote ? discovered(filterName) : { name: filterName, typed_config: wasm(filterName, request) };
  const places = (match.length === 0 ? [{ mode: "CLIENT_AND_SERVER", port: undefined } as const] : match).flatMap(
    patchPlaces,
  );
  return {
    apiVersion: "networking.istio.io/v1alpha3",
    kind: KIND,
    metadata: metadata(request),
    spec: {
      ...workloads(request, "labels"),
      configPatches: [
        ...places.map((place) => ({
          applyTo: "HTTP_FILTER",
          match: place,
          patch: { operation: "INSERT_BEFORE", value: filter },
        })),
        ...(remote
          ? [
              {
                applyTo: "EXTENSION_CONFIG",
                match: { context: "ANY" },
                patch: { operation: "ADD", value: { name: filterName, typed_config: wasm(filterName, request) } },
              },
            ]
          : []),
      ],
    },
  };
}

function patchPlaces({ mode, port }: Match): object[] {
  const filter = {
    name: "envoy.filters.network.http_connection_manager",
    subFilter: { name: "envoy.filters.http.router" },
  };
  return CONTEXTS[mode].map((context) => ({
    context,
    listener: { ...(port === undefined ? {} : { portNumber: port }), filterChain: { filter } },
  }));
}

/** A filter whose configuration comes by ECDS from istiod. Requests wait for its first one. */
function discovered(name: string): object {
  return {
    name,
    config_discovery: {
      config_source: { ads: {}, initial_fetch_timeout: "0s", resource_api_version: "V3" },
      // When the agent cannot fetch the module, it sends a filter in its place that lets all pass, or nothing.
      type_urls: [typeUrl(WASM), typeUrl("envoy.extensions.filters.http.rbac.v3.RBAC")],
    },
  };
}

const FAILURE_POLICY = { FAIL_CLOSE: "FAIL_CLOSED", FAIL_OPEN: "FAIL_OPEN", FAIL_RELOAD: "FAIL_RELOAD" } as const;

function wasm(name: string, request: ManifestRequest): object {
  const { source, sha256, failStrategy, config, environment, rootId } = request;
  const digest = source.from === "image" ? source.reference.digest?.slice("sha256:".length) : undefined;
  // What the agent fetches is written to a file: Envoy never sees this URL and its cluster. "nil" is Istio's word for no checksum.
  const remote = {
    http_uri: { uri: moduleUrl(source), timeout: "30s", cluster: "_" },
    sha256: sha256 ?? digest ?? "nil",
  };
  const values = Object.fromEntries(
    environment.flatMap(({ name: key, value }) => (value === undefined ? [] : [[key, value]])),
  );
  const hostKeys = environment.flatMap(({ name: key, value }) => (value === undefined ? [key] : []));
  const variables = {
    ...(hostKeys.length === 0 ? {} : { host_env_keys: hostKeys }),
    ...(Object.keys(values).length === 0 ? {} : { key_values: values }),
  };
  return {
    "@type": typeUrl(WASM),
    config: {
      name,
      ...(rootId === undefined ? {} : { root_id: rootId }),
      ...(failStrategy === undefined ? {} : { failure_policy: FAILURE_POLICY[failStrategy] }),
      vm_config: {
        runtime: "envoy.wasm.runtime.v8",
        code: source.from === "file" ? { local: { filename: source.path } } : { remote },
        ...(environment.length === 0 ? {} : { environment_variables: variables }),
      },
      ...(config === undefined
        ? {}
        : { configuration: { "@type": typeUrl("google.protobuf.StringValue"), value: config } }),
    },
  };
}
