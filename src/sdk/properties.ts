import { Status } from "../abi/index.ts";
import type { Connection } from "./connection.ts";
import { HostError } from "./errors.ts";
import {
  decode_pairs,
  decode_utf8,
  get_plugin_id,
  proxy_get_property,
  proxy_set_effective_context,
  proxy_set_property,
} from "./hostcalls.ts";
import type { BodyInit } from "./hostcalls.ts";
import type { HttpRequest, HttpResponse } from "./message.ts";
import { kindOf, namesOf } from "./property-catalogue.ts";
import type {
  DottedPath,
  PropertyKind,
  PropertyKinds,
  PropertyPath,
  PropertyType,
  StreamProperty,
} from "./property-catalogue.ts";

/** What a property can belong to: a request or its response, or a connection. */
export type PropertyOwner = HttpRequest | HttpResponse | Connection;

/** A stream is needed for the attributes that only a stream has. */
type Owner<Path extends PropertyPath> =
  DottedPath<Path> extends StreamProperty ? [stream: PropertyOwner] : [stream?: PropertyOwner];

/**
 * What the host knows of a stream, or of the plugin when no stream is given; undefined when there is no such property, or not
 * yet. Its type follows from its path for the attributes that Envoy documents; any other path gives the bytes as they are,
 * for {@link decodeProperty}.
 *
 * Text is decoded as UTF-8, times and durations are milliseconds with fractions, messages of protobuf are bytes.
 *
 * @param path - names with a dot between them, or a list of names when one of them holds a dot itself
 * @param stream - a request, a response or a connection. It is asked for the right stream after an await, too.
 * @throws StreamEndedError after the stream has ended; TypeError when a name is empty, or when the host's bytes are no value of
 * the type; HostError SerializationFailure when it is not an attribute but a part of the tree, such as `request`
 *
 * Spec: `proxy_get_property`.
 *
 * @example
 * ```ts
 * const client = getProperty("source.address", request); // string | undefined
 * const started = getProperty("request.time", request); // number | undefined
 * const mine = getProperty(["filter_state", "wasm.my.key"], request); // Uint8Array | undefined
 * ```
 */
export function getProperty<const Path extends PropertyPath>(
  path: Path,
  ...[stream]: Owner<Path>
): PropertyType<Path> | undefined {
  const names = namesOf(path);
  const joined = joinNames("getProperty", names);
  const kind = kindOf(names);
  proxy_set_effective_context(stream ?? get_plugin_id());
  const bytes = read(joined, kind);
  return bytes === undefined ? undefined : (decode(bytes, kind ?? "bytes", names) as PropertyType<Path>);
}

function read(path: string, kind: PropertyKind | undefined): Uint8Array | undefined {
  try {
    return proxy_get_property(path);
  } catch (error) {
    if (!(error instanceof HostError) || error.status !== Status.SerializationFailure) {
      throw error;
    }
    // Envoy's answer for an attribute that is a message and has none, such as the metadata of a host without metadata.
    if (kind !== undefined) {
      return undefined;
    }
    const name = path.replaceAll("\0", ".");
    throw new HostError(
      error.call,
      error.status,
      `: ${name} is null or cannot be read as a whole; read one of its attributes`,
    );
  }
}

/**
 * Gives a stream a property that other filters and the access log can read, until the stream ends. Envoy keeps it as filter
 * state under the name `wasm.NAME`: other filters of WebAssembly read it with `getProperty(["NAME"], stream)`, all others
 * as filter state (in the access log `%FILTER_STATE(wasm.NAME:PLAIN)%`).
 *
 * @param name - one name, which may hold dots. There are no paths here: Envoy would store one, and not find it again.
 * @param value - a string travels as UTF-8
 * @throws TypeError when the name is empty; StreamEndedError after the stream has ended; HostError when the property was declared
 * read-only and has a value
 *
 * Spec: `proxy_set_property`.
 *
 * @example
 * ```ts
 * setProperty("user", user.id, request);
 * const id = decodeProperty(getProperty(["user"], response), "string");
 * ```
 */
export function setProperty(name: string, value: BodyInit, stream: PropertyOwner): void {
  const path = joinNames("setProperty", [name]);
  proxy_set_effective_context(stream);
  proxy_set_property(path, value);
}

/**
 * Reads a property's bytes as what they are, for paths that the SDK knows nothing of.
 *
 * @param bytes - undefined, which is passed on, or what `getProperty` has returned
 * @throws TypeError when the bytes are none of the kind
 *
 * @example
 * ```ts
 * const tier = decodeProperty(getProperty("metadata.filter_metadata.my-filter.tier", request), "string");
 * ```
 */
export function decodeProperty<Kind extends PropertyKind>(bytes: Uint8Array, kind: Kind): PropertyKinds[Kind];
export function decodeProperty<Kind extends PropertyKind>(
  bytes: Uint8Array | undefined,
  kind: Kind,
): PropertyKinds[Kind] | undefined;
export function decodeProperty(bytes: Uint8Array | undefined, kind: PropertyKind): unknown {
  return bytes === undefined ? undefined : decode(bytes, kind, undefined);
}

/** A zero byte stands between the names. */
function joinNames(of: string, names: readonly string[]): string {
  if (names.length === 0 || names.some((name) => name === "" || name.includes("\0"))) {
    throw new TypeError(`${of}: a name of the path ${JSON.stringify(names)} is empty or has a zero byte`);
  }
  return names.join("\0");
}

function decode(bytes: Uint8Array, kind: PropertyKind, names: readonly string[] | undefined): unknown {
  switch (kind) {
    case "string":
      return decode_utf8(bytes);
    case "integer":
      return Number(view(bytes, kind, 8, names).getBigInt64(0, true));
    case "bigint":
      return view(bytes, kind, 8, names).getBigInt64(0, true);
    case "double":
      return view(bytes, kind, 8, names).getFloat64(0, true);
    case "boolean":
      return view(bytes, kind, 1, names).getUint8(0) !== 0;
    case "timestamp":
    case "duration":
      return Number(view(bytes, kind, 8, names).getBigInt64(0, true)) / 1e6;
    case "map":
      return decode_pairs(bytes);
    case "bytes":
      return bytes;
  }
}

function view(bytes: Uint8Array, kind: PropertyKind, size: number, names: readonly string[] | undefined): DataView {
  if (bytes.length !== size) {
    const what = names === undefined ? "the property" : `the property ${names.join(".")}`;
    throw new TypeError(
      `${what} has ${bytes.length} bytes, and ${kind} takes ${size}: this host encodes it in another way`,
    );
  }
  return new DataView(bytes.buffer, bytes.byteOffset, size);
}
