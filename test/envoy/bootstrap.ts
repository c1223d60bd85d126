/** What an Envoy of the tests and the demo is made of. */
export interface EnvoySetup {
  /** The filter's module. */
  readonly wasm: string;
  /** The filter's configuration: sent as JSON, a string as it is; undefined is none at all. */
  readonly config?: unknown;
  /** The clusters that the filter can call: the origin of each (`http://127.0.0.1:5000`), null for one without endpoints. */
  readonly clusters?: Readonly<Record<string, string | null>>;
  /** The origin that requests are passed on to. */
  readonly upstream: string;
  /** The port that Envoy listens on. Default: a free one. */
  readonly port?: number;
}

const UPSTREAM = "upstream";

/** The bootstrap configuration: one listener with the filter in front of the upstream, and an admin port. JSON is valid YAML. */
export function bootstrap(setup: EnvoySetup): object {
  const clusters = Object.entries({ ...setup.clusters, [UPSTREAM]: setup.upstream });
  return {
    admin: { address: socketAddress("127.0.0.1", 0) },
    static_resources: {
      listeners: [listener(setup)],
      clusters: clusters.map(([name, origin]) => cluster(name, origin)),
    },
  };
}

function listener({ wasm, config, port = 0 }: EnvoySetup): object {
  const connectionManager = {
    "@type": typeUrl("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"),
    stat_prefix: "ingress",
    route_config: {
      virtual_hosts: [
        { name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, route: { cluster: UPSTREAM } }] },
      ],
    },
    http_filters: [
      { name: "filter", typed_config: wasmFilter(wasm, config) },
      { name: "router", typed_config: { "@type": typeUrl("envoy.extensions.filters.http.router.v3.Router") } },
    ],
  };
  return {
    name: "ingress",
    address: socketAddress("127.0.0.1", port),
    filter_chains: [{ filters: [{ name: "http", typed_config: connectionManager }] }],
  };
}

function wasmFilter(filename: string, config: unknown): object {
  const text = typeof config === "string" || config === undefined ? config : JSON.stringify(config);
  return {
    "@type": typeUrl("envoy.extensions.filters.http.wasm.v3.Wasm"),
    config: {
      name: "filter",
      vm_config: { vm_id: "vm", runtime: "envoy.wasm.runtime.v8", code: { local: { filename } } },
      ...(text === undefined
        ? {}
        : { configuration: { "@type": typeUrl("google.protobuf.StringValue"), value: text } }),
    },
  };
}

function cluster(name: string, origin: string | null): object {
  const endpoints = origin === null ? [] : [endpoint(new URL(origin))];
  return {
    name,
    type: "STATIC",
    connect_timeout: "1s",
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: endpoints }] },
  };
}

function endpoint({ hostname, port }: URL): object {
  return { endpoint: { address: socketAddress(hostname, Number(port === "" ? 80 : port)) } };
}

function socketAddress(address: string, port: number): object {
  return { socket_address: { address, port_value: port } };
}

function typeUrl(message: string): string {
  return `type.googleapis.com/${message}`;
}
