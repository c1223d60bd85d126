import { resolve } from "node:path";

/** A plugin: a module and its configuration. */
export interface PluginSetup {
  /** The module. */
  readonly wasm: string;
  /** The plugin's configuration: sent as JSON, a string as it is; undefined is none at all. */
  readonly config?: unknown;
  /** Default: "filter". */
  readonly name?: string;
  readonly rootId?: string;
  /** Plugins of the same module and id share a VM. Default: "vm". */
  readonly vmId?: string;
  /** The VM's configuration. */
  readonly vmConfig?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** What a listener of Envoy is made of. */
export interface ListenerSetup extends PluginSetup {
  /** What the module is. Default: "http"; a network filter stands before a TCP proxy. */
  readonly kind?: "http" | "network";
  /** Further plugins: HTTP filters after the first one, an access logger. */
  readonly filters?: readonly PluginSetup[];
  readonly accessLog?: PluginSetup;
  /** How large a request's headers may be. Default: Envoy's, 60. */
  readonly maxRequestHeadersKb?: number;
  /** The router adds no headers of Envoy's own to requests and responses. */
  readonly suppressEnvoyHeaders?: boolean;
  /** How long the proxy waits for the client to close a connection that it closes. Default: Envoy's, 1000. */
  readonly delayedCloseMs?: number;
  /** The port that it listens on. Default: a free one. */
  readonly port?: number;
}

/** What an Envoy of the tests and the demo is made of. */
export interface EnvoySetup extends ListenerSetup {
  /** A Wasm service. */
  readonly service?: PluginSetup;
  /** The clusters that the filter can call: the origin of each (`http://127.0.0.1:5000`), null for one without endpoints. */
  readonly clusters?: Readonly<Record<string, string | null>>;
  /** Those of them, or "upstream", that speak HTTP/2, as gRPC does. */
  readonly http2?: readonly string[];
  /** The origin that requests are passed on to. */
  readonly upstream: string;
  /** Tags that Envoy makes of the names of its statistics: the regular expression of each. */
  readonly statsTags?: Readonly<Record<string, string>>;
}

/** The cluster that requests are passed on to. */
export const UPSTREAM = "upstream";

/** The bootstrap configuration: one listener with the filter in front of the upstream, and an admin port. JSON is valid YAML. */
export function bootstrap(setup: EnvoySetup): object {
  const clusters = Object.entries({ ...setup.clusters, [UPSTREAM]: setup.upstream });
  return {
    admin: { address: socketAddress("127.0.0.1", 0) },
    static_resources: {
      listeners: [listener(setup)],
      clusters: clusters.map(([name, origin]) => cluster(name, origin, setup.http2?.includes(name) === true)),
    },
    ...(setup.statsTags === undefined ? {} : { stats_config: statsConfig(setup.statsTags) }),
    ...(setup.service === undefined ? {} : { bootstrap_extensions: [wasmService(setup.service)] }),
  };
}

function statsConfig(tags: Readonly<Record<string, string>>): object {
  return { stats_tags: Object.entries(tags).map(([tag_name, regex]) => ({ tag_name, regex })) };
}

/** A listener with the filter in front of the cluster "upstream". */
export function listener(setup: ListenerSetup, name = "ingress"): object {
  return {
    name,
    address: socketAddress("127.0.0.1", setup.port ?? 0),
    filter_chains: [{ filters: setup.kind === "network" ? networkFilters(setup) : [connectionManager(setup)] }],
  };
}

function connectionManager(setup: ListenerSetup): object {
  const { accessLog } = setup;
  const plugins = [setup, ...(setup.filters ?? [])];
  return {
    name: "http",
    typed_config: {
      "@type": typeUrl("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"),
      stat_prefix: "ingress",
      ...(setup.maxRequestHeadersKb === undefined ? {} : { max_request_headers_kb: setup.maxRequestHeadersKb }),
      ...(setup.delayedCloseMs === undefined ? {} : { delayed_close_timeout: `${setup.delayedCloseMs / 1000}s` }),
      http_protocol_options: { enable_trailers: true },
      route_config: {
        virtual_hosts: [
          { name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, route: { cluster: UPSTREAM } }] },
        ],
      },
      http_filters: [
        ...plugins.map((plugin) => ({ name: "filter", typed_config: wasmConfig("filters.http.wasm", "Wasm", plugin) })),
        router(setup.suppressEnvoyHeaders === true),
      ],
      ...(accessLog === undefined
        ? {}
        : {
            access_log: [
              {
                name: "envoy.access_loggers.wasm",
                typed_config: wasmConfig("access_loggers.wasm", "WasmAccessLog", accessLog),
              },
            ],
          }),
    },
  };
}

function router(suppress_envoy_headers: boolean): object {
  const typed_config = { "@type": typeUrl("envoy.extensions.filters.http.router.v3.Router"), suppress_envoy_headers };
  return { name: "router", typed_config };
}

function networkFilters(plugin: PluginSetup): object[] {
  return [
    { name: "filter", typed_config: wasmConfig("filters.network.wasm", "Wasm", plugin) },
    {
      name: "tcp",
      typed_config: {
        "@type": typeUrl("envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"),
        stat_prefix: "tcp",
        cluster: UPSTREAM,
      },
    },
  ];
}

function wasmService(plugin: PluginSetup): object {
  return {
    name: "envoy.bootstrap.wasm",
    typed_config: { ...wasmConfig("wasm", "WasmService", plugin), singleton: true },
  };
}

function wasmConfig(of: string, message: string, plugin: PluginSetup): object {
  const { wasm, config, name = "filter", rootId, vmId = "vm", vmConfig, environment } = plugin;
  const text = typeof config === "string" || config === undefined ? config : JSON.stringify(config);
  return {
    "@type": typeUrl(`envoy.extensions.${of}.v3.${message}`),
    config: {
      name,
      ...(rootId === undefined ? {} : { root_id: rootId }),
      vm_config: {
        vm_id: vmId,
        runtime: "envoy.wasm.runtime.v8",
        code: { local: { filename: resolve(wasm) } },
        ...(vmConfig === undefined ? {} : { configuration: stringValue(vmConfig) }),
        ...(environment === undefined ? {} : { environment_variables: { key_values: environment } }),
      },
      ...(text === undefined ? {} : { configuration: stringValue(text) }),
    },
  };
}

function stringValue(value: string): object {
  return { "@type": typeUrl("google.protobuf.StringValue"), value };
}

/** @param origin - null: it has no endpoints */
export function cluster(name: string, origin: string | null, http2: boolean, more: object = {}): object {
  const endpoints = origin === null ? [] : [endpoint(new URL(origin))];
  const options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  const protocol = http2 ? { http2_protocol_options: {} } : { http_protocol_options: { enable_trailers: true } };
  return {
    name,
    type: "STATIC",
    connect_timeout: "1s",
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: endpoints }] },
    typed_extension_protocol_options: {
      [options]: { "@type": typeUrl(options), explicit_http_config: protocol, ...more },
    },
  };
}

function endpoint({ hostname, port }: URL): object {
  return { endpoint: { address: socketAddress(hostname, Number(port === "" ? 80 : port)) } };
}

export function socketAddress(address: string, port: number): object {
  return { socket_address: { address, port_value: port } };
}

export function typeUrl(message: string): string {
  return `type.googleapis.com/${message}`;
}
