import * as hostcalls from "./hostcalls.ts";
import type { BodyInit } from "./hostcalls.ts";

/** `md5` and `sha1` are for what asks for them, such as an old Content-MD5; they protect nothing. */
export type HashAlgorithm = "md5" | "sha1" | "sha256" | "sha384" | "sha512";

/**
 * The hash of bytes, or of a text's UTF-8. It is made at once, in C: there is nothing to await.
 *
 * A header's value is a byte string. One with other characters than ASCII is hashed as what the client sent only after
 * `decodeUtf8`.
 *
 * The module has the algorithms whose names are in the filter's code; a name that comes from a configuration has to be there, too.
 *
 * @throws TypeError when the algorithm is another one, or the data are none
 *
 * @example
 * ```ts
 * request.headers.set("x-body-sha256", hash("sha256", request.body.bytes()).toHex());
 * ```
 */
export function hash(algorithm: HashAlgorithm, data: BodyInit): Uint8Array {
  return hostcalls.hash(algorithm, data);
}

/**
 * The HMAC (RFC 2104) of bytes, or of a text's UTF-8. Compare it with {@link timingSafeEqual}.
 *
 * @throws TypeError as {@link hash} does, and when there is no key
 *
 * @example
 * ```ts
 * const expected = hmac("sha256", config.secret, request.body.bytes());
 * const given = request.headers.get("x-hub-signature-256") ?? "";
 * if (!timingSafeEqual(`sha256=${expected.toHex()}`, given)) return new Response("no\n", { status: 401 });
 * ```
 */
export function hmac(algorithm: HashAlgorithm, key: BodyInit, data: BodyInit): Uint8Array {
  return hostcalls.hmac(algorithm, key, data);
}

/**
 * Whether two secrets are equal, in a time that tells nothing but whether their lengths are. Unlike Node's, it returns false for
 * different lengths, and takes strings, of which it compares the UTF-8.
 *
 * @throws TypeError when one of them is neither bytes nor a string
 */
export function timingSafeEqual(one: BodyInit, other: BodyInit): boolean {
  return hostcalls.timing_safe_equal(one, other);
}
