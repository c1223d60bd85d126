import { decode_utf8, encode_utf8 } from "./hostcalls.ts";

/**
 * Text from UTF-8 bytes, or from a byte string such as a header's value. An invalid sequence becomes U+FFFD.
 *
 * @throws TypeError when a string has a character above U+00FF
 *
 * @example
 * ```ts
 * const city = decodeUtf8(request.headers.get("x-city") ?? "");
 * ```
 */
export function decodeUtf8(bytes: string | Uint8Array | ArrayBuffer): string {
  return decode_utf8(bytes);
}

/** The UTF-8 bytes of a text. */
export function encodeUtf8(text: string): Uint8Array {
  return encode_utf8(text);
}
