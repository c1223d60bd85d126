import { Status } from "../abi/index.ts";
import type { Connection } from "./connection.ts";
import { HostError } from "./errors.ts";
import { get_plugin_id, proxy_call_foreign_function, proxy_set_effective_context } from "./hostcalls.ts";
import type { BodyInit } from "./hostcalls.ts";
import type { HttpRequest, HttpResponse } from "./message.ts";
import { decodeResult, encodeMessage } from "./protobuf.ts";

type Stream = HttpRequest | HttpResponse | Connection;

/**
 * Calls a function that the host offers beyond the ABI.
 *
 * @param argument - a string travels as UTF-8; default: nothing
 * @param stream - what the function is to work on; default: the plugin
 * @returns its result, or undefined when it has none
 * @throws HostError NotFound when the host has no such function, or else what the function itself has answered; StreamEndedError
 *
 * Spec: `proxy_call_foreign_function`.
 *
 * @example
 * ```ts
 * const result = callForeignFunction("my_function", "argument", request);
 * ```
 */
export function callForeignFunction(name: string, argument?: BodyInit, stream?: Stream): Uint8Array | undefined {
  proxy_set_effective_context(stream ?? get_plugin_id());
  try {
    return proxy_call_foreign_function(name, argument);
  } catch (error) {
    if (error instanceof HostError) {
      const reason =
        error.status === Status.NotFound
          ? "the host has no function of this name, or not what its argument names"
          : "the function refused its argument, or failed";
      throw new HostError(error.call, error.status, `: ${JSON.stringify(name)}: ${reason}`);
    }
    throw error;
  }
}

/**
 * Has Envoy choose the route anew, from the request's headers as they are now. Envoy does so by itself when a filter changes a
 * request's headers; other reasons, such as filter state that a route looks at, need this. Spec: foreign function `clear_route_cache`.
 */
export function clearRouteCache(request: HttpRequest): void {
  callForeignFunction("clear_route_cache", undefined, request);
}

/** Compresses bytes in zlib's format (RFC 1950; not gzip). Spec: foreign function `compress`. */
export function compress(bytes: BodyInit): Uint8Array {
  return callForeignFunction("compress", bytes) ?? new Uint8Array();
}

/**
 * The inverse of {@link compress}. Its result is as large as the sender wants it: do not give it bytes of a client that may send
 * anything.
 *
 * @throws HostError SerializationFailure when the bytes are not in zlib's format. Spec: foreign function `uncompress`.
 */
export function uncompress(bytes: Uint8Array): Uint8Array {
  return callForeignFunction("uncompress", bytes) ?? new Uint8Array();
}

/** How long Envoy keeps filter state: for this filter chain, for the request, or for the connection of the client. */
export type LifeSpan = "filter-chain" | "request" | "connection";

const LIFE_SPANS: readonly LifeSpan[] = ["filter-chain", "request", "connection"];
const PROPERTY_TYPES = ["bytes", "string", "flatbuffers", "protobuf"] as const;

/**
 * Sets filter state that Envoy's own filters look at, such as `envoy.tcp_proxy.cluster` or `envoy.upstream.dynamic_host`.
 *
 * @param value - in the form that the state's own configuration has
 * @throws HostError NotFound when Envoy knows no state of this name, BadArgument when the value is none of it
 *
 * Spec: foreign function `set_envoy_filter_state`.
 *
 * @example
 * ```ts
 * setEnvoyFilterState("envoy.tcp_proxy.cluster", "outbound", connection);
 * ```
 */
export function setEnvoyFilterState(
  key: string,
  value: string,
  stream: Stream,
  options: { readonly lifeSpan?: LifeSpan } = {},
): void {
  const message = encodeMessage({ 1: key, 2: value, 3: LIFE_SPANS.indexOf(options.lifeSpan ?? "filter-chain") });
  callForeignFunction("set_envoy_filter_state", message, stream);
}

/**
 * Says of what type a property is that `setProperty` sets, for those who read it: without it, it is "bytes", mutable, and
 * lives as long as the filter chain. Call it in `setup`, once for each name.
 *
 * @throws HostError BadArgument when the plugin has declared it already
 *
 * Spec: foreign function `declare_property`.
 *
 * @example
 * ```ts
 * setup() {
 *   declareProperty("user", { type: "string", lifeSpan: "connection" });
 * }
 * ```
 */
export function declareProperty(
  name: string,
  options: {
    /** "string" lets Envoy's own expressions compare it with text. Default: "bytes". */
    readonly type?: "bytes" | "string";
    /** It can be set once in a stream. */
    readonly readonly?: boolean;
    readonly lifeSpan?: LifeSpan;
  },
): void {
  const message = encodeMessage({
    1: name,
    2: Number(options.readonly ?? false),
    3: PROPERTY_TYPES.indexOf(options.type ?? "bytes"),
    5: LIFE_SPANS.indexOf(options.lifeSpan ?? "filter-chain"),
  });
  callForeignFunction("declare_property", message);
}

/** A key: PEM text, or DER bytes. */
export type Key = string | Uint8Array;

/**
 * Whether a signature of a text was made with the private key that belongs to a public one (RSA with PKCS #1 v1.5, or ECDSA).
 *
 * @param hash - "sha256", "sha384", "sha512", "sha224" or "sha1"
 * @returns false, too, when Envoy cannot read the key or does not know the hash
 * @throws HostError BadArgument when the key is empty
 *
 * Spec: foreign function `verify_signature`.
 *
 * @example
 * ```ts
 * const ok = verifySignature({ hash: "sha256", publicKey: config.publicKey, signature, text: request.path });
 * ```
 */
export function verifySignature(options: {
  readonly hash: string;
  readonly publicKey: Key;
  readonly signature: Uint8Array;
  readonly text: BodyInit;
}): boolean {
  const { hash, publicKey, signature, text } = options;
  const message = encodeMessage({
    1: hash,
    [typeof publicKey === "string" ? 5 : 2]: publicKey,
    3: signature,
    4: text,
  });
  return decodeResult(callForeignFunction("verify_signature", message) ?? new Uint8Array());
}
