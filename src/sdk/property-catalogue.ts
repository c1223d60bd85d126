/**
 * The attributes that Envoy documents, and how each is encoded (its configuration guide, "Attributes"; measured in Envoy 1.40).
 * The types of `getProperty` follow from this table.
 *
 * @module
 */

/** What `getProperty` and `decodeProperty` make of a property, by the name of its encoding. */
export interface PropertyKinds {
  /** UTF-8. */
  string: string;
  /** A 64-bit integer, exact up to 2^53. */
  integer: number;
  /** The same, always exact. */
  bigint: bigint;
  double: number;
  boolean: boolean;
  /** Nanoseconds since 1970 on the wire; here milliseconds since 1970 with fractions, as `Date.now()`. */
  timestamp: number;
  /** Nanoseconds on the wire; here milliseconds with fractions. */
  duration: number;
  /** Names and values as byte strings. Envoy joins the values of a name that is there twice. */
  map: [string, string][];
  /** As it is: a serialized protobuf message mostly. */
  bytes: Uint8Array;
}

export type PropertyKind = keyof PropertyKinds;

/** Attributes that a plugin has without a stream. */
const PLUGIN_ATTRIBUTES = {
  plugin_name: "string",
  plugin_root_id: "string",
  plugin_vm_id: "string",
  "xds.node": "bytes",
  "xds.node.id": "string",
  "xds.node.cluster": "string",
  "xds.node.user_agent_name": "string",
  "xds.node.locality": "bytes",
  "xds.node.locality.region": "string",
  "xds.node.locality.zone": "string",
  "xds.node.locality.sub_zone": "string",
  // Older hosts only: Envoy 1.40 has these under xds.
  /** 0 unspecified, 1 inbound, 2 outbound. */
  listener_direction: "integer",
  listener_metadata: "bytes",
  node: "bytes",
  "node.id": "string",
  "node.cluster": "string",
  "node.user_agent_name": "string",
  "node.locality": "bytes",
  "node.locality.region": "string",
  "node.locality.zone": "string",
  "node.locality.sub_zone": "string",
} as const satisfies Readonly<Record<string, PropertyKind>>;

const STREAM_ATTRIBUTES = {
  "request.path": "string",
  "request.url_path": "string",
  "request.query": "string",
  "request.host": "string",
  "request.scheme": "string",
  "request.method": "string",
  "request.headers": "map",
  "request.headers_bytes": "integer",
  "request.referer": "string",
  "request.useragent": "string",
  "request.time": "timestamp",
  "request.id": "string",
  "request.protocol": "string",
  "request.duration": "duration",
  "request.size": "integer",
  "request.total_size": "integer",
  "response.code": "integer",
  "response.code_details": "string",
  "response.flags": "integer",
  "response.grpc_status": "integer",
  "response.headers": "map",
  "response.headers_bytes": "integer",
  "response.trailers": "map",
  "response.size": "integer",
  "response.total_size": "integer",
  "response.backend_latency": "duration",
  "source.address": "string",
  "source.port": "integer",
  "destination.address": "string",
  "destination.port": "integer",
  "connection.id": "integer",
  "connection.mtls": "boolean",
  "connection.requested_server_name": "string",
  "connection.tls_version": "string",
  "connection.subject_local_certificate": "string",
  "connection.subject_peer_certificate": "string",
  "connection.dns_san_local_certificate": "string",
  "connection.dns_san_peer_certificate": "string",
  "connection.uri_san_local_certificate": "string",
  "connection.uri_san_peer_certificate": "string",
  "connection.sha256_peer_certificate_digest": "string",
  "connection.transport_failure_reason": "string",
  "connection.termination_details": "string",
  connection_id: "integer",
  "upstream.address": "string",
  "upstream.port": "integer",
  "upstream.tls_version": "string",
  "upstream.subject_local_certificate": "string",
  "upstream.subject_peer_certificate": "string",
  "upstream.dns_san_local_certificate": "string",
  "upstream.dns_san_peer_certificate": "string",
  "upstream.uri_san_local_certificate": "string",
  "upstream.uri_san_peer_certificate": "string",
  "upstream.sha256_peer_certificate_digest": "string",
  "upstream.local_address": "string",
  "upstream.locality": "bytes",
  "upstream.transport_failure_reason": "string",
  "upstream.request_attempt_count": "integer",
  "upstream.cx_pool_ready_duration": "duration",
  "upstream.num_endpoints": "integer",
  metadata: "bytes",
  "xds.cluster_name": "string",
  "xds.cluster_metadata": "bytes",
  "xds.route_name": "string",
  "xds.route_metadata": "bytes",
  "xds.virtual_host_name": "string",
  "xds.virtual_host_metadata": "bytes",
  "xds.upstream_host_metadata": "bytes",
  "xds.upstream_host_locality_metadata": "bytes",
  "xds.filter_chain_name": "string",
  "xds.listener_direction": "integer",
  "xds.listener_metadata": "bytes",
  // Older hosts only: Envoy 1.40 has these under xds.
  cluster_name: "string",
  cluster_metadata: "bytes",
  route_name: "string",
  route_metadata: "bytes",
  upstream_host_metadata: "bytes",
} as const satisfies Readonly<Record<string, PropertyKind>>;

type PluginCatalogue = typeof PLUGIN_ATTRIBUTES;
type Catalogue = PluginCatalogue & typeof STREAM_ATTRIBUTES;

/** A header of the stream, such as `request.headers.x-user`. */
type HeaderAttribute = `${"request.headers" | "response.headers" | "response.trailers"}.${string}`;

/** The paths that {@link PropertyKinds} are known for. */
export type KnownProperty = keyof Catalogue;

/** Those of them that belong to a stream. */
export type StreamProperty = Exclude<KnownProperty, keyof PluginCatalogue> | HeaderAttribute;

/** A path: names with a dot between them, or a list of names, each of which may hold dots. */
export type PropertyPath = string | readonly string[];

type Join<Names extends readonly string[]> = Names extends readonly [
  infer First extends string,
  ...infer Rest extends readonly string[],
]
  ? Rest extends readonly []
    ? First
    : `${First}.${Join<Rest>}`
  : string;

/** A path in its form with dots. */
export type DottedPath<Path extends PropertyPath> = Path extends readonly string[] ? Join<Path> : Path;

/** The type of the property at a path. */
export type PropertyType<Path extends PropertyPath> =
  DottedPath<Path> extends infer Dotted
    ? Dotted extends KnownProperty
      ? PropertyKinds[Catalogue[Dotted]]
      : Dotted extends HeaderAttribute
        ? string
        : Uint8Array
    : never;

const KINDS: ReadonlyMap<string, PropertyKind> = /* @__PURE__ */ new Map<string, PropertyKind>(
  /* @__PURE__ */ Object.entries({ ...PLUGIN_ATTRIBUTES, ...STREAM_ATTRIBUTES }),
);

const HEADER_MAPS = ["request.headers.", "response.headers.", "response.trailers."];

/** A path's names. What follows a map of headers is one name, which may hold dots. @internal */
export function namesOf(path: PropertyPath): readonly string[] {
  if (typeof path !== "string") {
    return path;
  }
  const map = HEADER_MAPS.find((prefix) => path.startsWith(prefix));
  return map === undefined ? path.split(".") : [...map.slice(0, -1).split("."), path.slice(map.length)];
}

/** How the property at a path is encoded; undefined when nothing is known of it. @internal */
export function kindOf(names: readonly string[]): PropertyKind | undefined {
  const dotted = names.join(".");
  return KINDS.get(dotted) ?? (HEADER_MAPS.some((prefix) => dotted.startsWith(prefix)) ? "string" : undefined);
}
