/** The attributes that the host knows, under Envoy's names (extensions/filters/common/expr/context.cc). */

import type { RootSettings } from "./context.ts";
import type { HeaderMap } from "./header-map.ts";
import { grpcStatusOfHttp } from "./local-reply.ts";
import type { Attribute, AttributeMap } from "./properties.ts";
import { rawText } from "./properties.ts";

/** What is known of a stream or a connection. Maps are undefined where the filter cannot see them: so are attributes of them. */
export interface StreamInfo {
  readonly requestHeaders: HeaderMap | undefined;
  readonly responseHeaders: HeaderMap | undefined;
  readonly responseTrailers: HeaderMap | undefined;
  /** Nanoseconds since 1970. */
  readonly startTime: bigint;
  /** Nanoseconds; once the stream is complete. */
  readonly duration: bigint | undefined;
  readonly protocol: string | undefined;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly code: number | undefined;
  readonly codeDetails: string | undefined;
  readonly connectionId: number;
  readonly filterState: ReadonlyMap<string, Uint8Array>;
}

/** The first port that systems give to clients; each connection has another one. */
const FIRST_CLIENT_PORT = 49_152;
const CLIENT_PORTS = 16_384;
const LISTENER_PORT = 10_000;

export function pluginAttribute(name: string, settings: RootSettings): Attribute | undefined {
  switch (name) {
    case "plugin_name":
      return settings.name;
    case "plugin_root_id":
      return settings.rootId;
    case "plugin_vm_id":
      return settings.vmId;
    case "xds":
      // Envoy has the node here in all contexts, and the rest in streams.
      return map({ node: () => map({ id: () => "", cluster: () => "" }) });
    default:
      return undefined;
  }
}

export function streamAttribute(name: string, info: StreamInfo): Attribute | undefined {
  switch (name) {
    case "request":
      return requestAttributes(info);
    case "response":
      return responseAttributes(info);
    case "connection_id":
      return info.connectionId;
    case "connection":
      return map({ id: () => info.connectionId, mtls: () => false, requested_server_name: () => "" });
    case "source":
      return peer(FIRST_CLIENT_PORT + (info.connectionId % CLIENT_PORTS));
    case "destination":
      return peer(LISTENER_PORT);
    case "upstream":
      return map({});
    case "xds":
      return map({
        node: () => map({ id: () => "", cluster: () => "" }),
        route_name: () => (info.protocol === undefined ? undefined : ""),
        filter_chain_name: () => "",
        listener_direction: () => 0,
      });
    case "metadata":
      return new Uint8Array();
    case "filter_state":
      return { get: (key) => info.filterState.get(key) };
    default:
      return undefined;
  }
}

type Getters = Readonly<Record<string, () => Attribute | undefined>>;

function map(getters: Getters): AttributeMap {
  return { get: (name) => (Object.hasOwn(getters, name) ? getters[name]?.() : undefined) };
}

function peer(port: number): AttributeMap {
  return map({ address: () => `127.0.0.1:${port}`, port: () => port });
}

function headerAttributes(headers: HeaderMap | undefined): AttributeMap {
  return {
    get(name) {
      const wanted = name.toLowerCase();
      const values = [...(headers ?? [])].filter(([other]) => other === wanted).map(([, value]) => value);
      return values.length === 0 ? undefined : rawText(values.join(","));
    },
    pairs: () => headers ?? [],
  };
}

function requestAttributes({ requestHeaders: headers, ...info }: StreamInfo): AttributeMap {
  const header = (name: string) => rawText(headers?.get(name));
  const [path = "", query = ""] = /^([^?]*)\??([^#]*)/.exec(headers?.get(":path") ?? "")?.slice(1) ?? [];
  const length = headers?.get("content-length");
  return map({
    headers: () => headerAttributes(headers),
    headers_bytes: () => headers?.byteSize ?? 0,
    path: () => header(":path"),
    url_path: () => headers && rawText(path),
    query: () => headers && rawText(query),
    host: () => header(":authority"),
    scheme: () => header(":scheme"),
    method: () => header(":method"),
    referer: () => header("referer"),
    useragent: () => header("user-agent"),
    id: () => header("x-request-id"),
    protocol: () => info.protocol,
    time: () => info.startTime,
    duration: () => info.duration,
    size: () => (length === undefined ? info.bytesReceived : /^\d+$/.test(length) ? BigInt(length) : undefined),
    total_size: () => info.bytesReceived + (headers?.byteSize ?? 0),
  });
}

function responseAttributes({
  responseHeaders: headers,
  responseTrailers: trailers,
  ...info
}: StreamInfo): AttributeMap {
  return map({
    headers: () => headerAttributes(headers),
    headers_bytes: () => headers?.byteSize ?? 0,
    trailers: () => headerAttributes(trailers),
    code: () => info.code,
    code_details: () => info.codeDetails,
    grpc_status() {
      const given = trailers?.get("grpc-status") ?? headers?.get("grpc-status");
      return given !== undefined ? Number(given) : info.code && grpcStatusOfHttp(info.code);
    },
    flags: () => 0,
    size: () => info.bytesSent,
    total_size: () => info.bytesSent + (headers?.byteSize ?? 0) + (trailers?.byteSize ?? 0),
  });
}
