import { isIP } from "node:net";

/** A plugin: a module and its configuration. */
export interface PluginSetup {
  /** The module's file, as Envoy finds it. */
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
  /** The variables of Envoy's own that the VM has, too. */
  readonly hostEnvironment?: readonly string[];
  /**
   * What becomes of requests when the module cannot be loaded or has broken: they go on without the filter, or the module is loaded
   * anew. Default: they are answered with 503.
   */
  readonly failurePolicy?: "FAIL_OPEN" | "FAIL_RELOAD" | undefined;
}

/** What a listener of Envoy is made of. */
export interface ListenerSetup extends PluginSetup {
  /** What the module is. Default: "http"; a network filter stands before a TCP proxy. */
  readonly kind?: "http" | "network";
  /** HTTP filters after the first one: plugins, or others as Envoy's configuration has them. */
  readonly filters?: readonly (PluginSetup | HttpFilter)[];
  /** An access logger. */
  readonly accessLog?: PluginSetup;
  /** Envoy's own HTTP filters before the first plugin, as its configuration has them. */
  readonly firstFilters?: readonly object[];
  /** The routes, as Envoy's configuration has them. Default: all requests go to the upstream. */
  readonly routes?: readonly object[];
  /** How large a request's headers may be. Default: Envoy's, 60. */
  readonly maxRequestHeadersKb?: number;
  /** The router adds no headers of Envoy's own to requests and responses. */
  readonly suppressEnvoyHeaders?: boolean;
  /** How long the proxy waits for the client to close a connection that it closes. Default: Envoy's, 1000. */
  readonly delayedCloseMs?: number;
  /** The port that it listens on. Default: a free one. */
  readonly port?: number;
  /** The address that it listens on. Default: 127.0.0.1. */
  readonly address?: string;
}

/** What an Envoy with a filter is made of. */
export interface EnvoySetup extends ListenerSetup {
  /** Wasm services. */
  readonly services?: readonly PluginSetup[];
  /** The clusters that the filter can call: the origin of each (`http://127.0.0.1:5000`), null for one without endpoints. */
  readonly clusters?: Readonly<Record<string, string | null>>;
  /** Metadata of those of them, or of "upstream": `filter_metadata` in Envoy's configuration. */
  readonly metadata?: Readonly<Record<string, object>>;
  /** Those of them, or "upstream", that speak HTTP/2, as gRPC does. */
  readonly http2?: readonly string[];
  /** The origin that requests are passed on to. */
  readonly upstream: string;
  /** Tags that Envoy makes of the names of its statistics: the regular expression of each. */
  readonly statsTags?: Readonly<Record<string, string>>;
  /** The port of the admin interface on 127.0.0.1, 0 for a free one. Default: there is none. */
  readonly adminPort?: number | undefined;
}

/** As Envoy's configuration has it; without a configuration of its own, that is discovered. */
export interface HttpFilter {
  readonly name: string;
  readonly typed_config?: object;
  readonly config_discovery?: object;
}

/** A listener without a plugin, but perhaps with filters of Envoy's own. */
export type PluginlessListener = Omit<ListenerSetup, keyof PluginSetup | "kind" | "filters">;

/** The cluster that requests are passed on to. */
export const UPSTREAM = "upstream";

const LOCALHOST = "127.0.0.1";

/** An Envoy with listeners that `listener` made. */
export interface ListenersSetup extends Omit<EnvoySetup, keyof ListenerSetup> {
  readonly listeners: readonly object[];
}

/** The bootstrap configuration: one listener with the filter in front of the upstream. JSON is valid YAML. */
export function bootstrap(setup: EnvoySetup | ListenersSetup): object {
  const clusters = Object.entries({ ...setup.clusters, [UPSTREAM]: setup.upstream });
  return {
    ...(setup.adminPort === undefined ? {} : { admin: { address: socketAddress(LOCALHOST, setup.adminPort) } }),
    static_resources: {
      listeners: "listeners" in setup ? setup.listeners : [listener(setup)],
      clusters: clusters.map(([name, origin]) => cluster(name, origin, setup)),
    },
    ...(setup.statsTags === undefined ? {} : { stats_config: statsConfig(setup.statsTags) }),
    ...(setup.services === undefined ? {} : { bootstrap_extensions: setup.services.map(wasmService) }),
  };
}

function statsConfig(tags: Readonly<Record<string, string>>): object {
  return { stats_tags: Object.entries(tags).map(([tag_name, regex]) => ({ tag_name, regex })) };
}

/** A listener with the filter in front of the cluster "upstream". */
export function listener(setup: ListenerSetup | PluginlessListener, name = "ingress"): object {
  return {
    name,
    address: socketAddress(setup.address ?? LOCALHOST, setup.port ?? 0),
    filter_chains: [
      { filters: "wasm" in setup && setup.kind === "network" ? networkFilters(setup) : [connectionManager(setup)] },
    ],
  };
}

function connectionManager(setup: ListenerSetup | PluginlessListener): object {
  const { accessLog, firstFilters = [], routes = [{ match: { prefix: "/" }, route: { cluster: UPSTREAM } }] } = setup;
  const plugins = "wasm" in setup ? [setup, ...(setup.filters ?? [])] : [];
  return {
    name: "envoy.filters.network.http_connection_manager",
    typed_config: {
      "@type": typeUrl("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"),
      stat_prefix: "ingress",
      ...(setup.maxRequestHeadersKb === undefined ? {} : { max_request_headers_kb: setup.maxRequestHeadersKb }),
      ...(setup.delayedCloseMs === undefined ? {} : { delayed_close_timeout: `${setup.delayedCloseMs / 1000}s` }),
      http_protocol_options: { enable_trailers: true },
      route_config: {
        virtual_hosts: [{ name: "all", domains: ["*"], routes }],
      },
      http_filters: [
        ...firstFilters,
        ...plugins.map((plugin) => ("wasm" in plugin ? httpFilter(plugin) : plugin)),
        router(setup.suppressEnvoyHeaders),
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

function router(suppressEnvoyHeaders: boolean | undefined): object {
  return {
    name: "envoy.filters.http.router",
    typed_config: {
      "@type": typeUrl("envoy.extensions.filters.http.router.v3.Router"),
      ...(suppressEnvoyHeaders === undefined ? {} : { suppress_envoy_headers: suppressEnvoyHeaders }),
    },
  };
}

/** A plugin among a listener's HTTP filters. */
export function httpFilter(plugin: PluginSetup): HttpFilter {
  return { name: "envoy.filters.http.wasm", typed_config: wasmConfig("filters.http.wasm", "Wasm", plugin) };
}

function networkFilters(plugin: PluginSetup): object[] {
  return [
    { name: "envoy.filters.network.wasm", typed_config: wasmConfig("filters.network.wasm", "Wasm", plugin) },
    {
      name: "envoy.filters.network.tcp_proxy",
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
  const { wasm, config, name = "filter", rootId, vmId = "vm", vmConfig, failurePolicy } = plugin;
  const variables = environmentVariables(plugin);
  const text = typeof config === "string" || config === undefined ? config : JSON.stringify(config);
  return {
    "@type": typeUrl(`envoy.extensions.${of}.v3.${message}`),
    config: {
      name,
      ...(rootId === undefined ? {} : { root_id: rootId }),
      ...(failurePolicy === undefined ? {} : { failure_policy: failurePolicy }),
      vm_config: {
        vm_id: vmId,
        runtime: "envoy.wasm.runtime.v8",
        code: { local: { filename: wasm } },
        ...(vmConfig === undefined ? {} : { configuration: stringValue(vmConfig) }),
        ...(variables === undefined ? {} : { environment_variables: variables }),
      },
      ...(text === undefined ? {} : { configuration: stringValue(text) }),
    },
  };
}

/** As `vm_config` has them. */
function environmentVariables({ environment, hostEnvironment }: PluginSetup): object | undefined {
  if (environment === undefined && hostEnvironment === undefined) {
    return undefined;
  }
  return {
    ...(hostEnvironment === undefined ? {} : { host_env_keys: hostEnvironment }),
    ...(environment === undefined ? {} : { key_values: environment }),
  };
}

function stringValue(value: string): object {
  return { "@type": typeUrl("google.protobuf.StringValue"), value };
}

/**
 * A cluster by its name.
 *
 * @param origin - null: it has no endpoints
 * @param more - further HttpProtocolOptions
 */
export function cluster(
  name: string,
  origin: string | null,
  { http2 = [], metadata = {} }: Pick<EnvoySetup, "http2" | "metadata"> = {},
  more: object = {},
): object {
  const endpoints = origin === null ? [] : [endpoint(new URL(origin))];
  const options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  const protocol = http2.includes(name)
    ? { http2_protocol_options: {} }
    : { http_protocol_options: { enable_trailers: true } };
  return {
    name,
    ...discovery(origin),
    connect_timeout: "1s",
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: endpoints }] },
    ...(metadata[name] === undefined ? {} : { metadata: { filter_metadata: metadata[name] } }),
    typed_extension_protocol_options: {
      [options]: { "@type": typeUrl(options), explicit_http_config: protocol, ...more },
    },
  };
}

/** "localhost" is often both ::1 and 127.0.0.1, with a server on the second one only. */
function discovery(origin: string | null): object {
  const isAddress = origin === null || isIP(hostOf(new URL(origin))) !== 0;
  return isAddress ? { type: "STATIC" } : { type: "STRICT_DNS", dns_lookup_family: "V4_PREFERRED" };
}

function endpoint(url: URL): object {
  return { endpoint: { address: socketAddress(hostOf(url), Number(url.port === "" ? 80 : url.port)) } };
}

/** IPv6 addresses stand in brackets in a URL, and nowhere else. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}

export function socketAddress(address: string, port: number): object {
  return { socket_address: { address, port_value: port } };
}

export function typeUrl(message: string): string {
  return `type.googleapis.com/${message}`;
}
