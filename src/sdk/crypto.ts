import { fill_random } from "./hostcalls.ts";

/** The Web's limit for one call, and what proxy-wasm-cpp-host allows. */
const MAX_BYTES = 65_536;

/** Arrays of integers. */
export type IntegerArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/**
 * The part of the Web's `crypto` that a filter has: random numbers of the host, fit for secrets. It is a global variable, too.
 * At the top level there are none: it runs once, at build time.
 *
 * @throws Error when the host does not allow `random_get`. Spec: WASI `random_get`.
 *
 * @example
 * ```ts
 * request.headers.set("x-correlation-id", crypto.randomUUID());
 * ```
 */
export const crypto = {
  /**
   * Overwrites an array with random numbers, and returns it.
   *
   * @throws TypeError when it is no array of integers; QuotaExceededError (a RangeError) when it has more than 65536 bytes
   */
  getRandomValues<A extends IntegerArray>(array: A): A {
    const kind = ArrayBuffer.isView(array) ? array[Symbol.toStringTag] : "";
    if (!kind.endsWith("Array") || kind.startsWith("Float")) {
      throw new TypeError("crypto.getRandomValues: it fills typed arrays of integers only");
    }
    const { buffer, byteOffset, byteLength } = array;
    if (byteLength > MAX_BYTES) {
      const error = new RangeError(
        `crypto.getRandomValues: ${byteLength} bytes are more than ${MAX_BYTES}, the most at once`,
      );
      error.name = "QuotaExceededError";
      throw error;
    }
    fill_random(new Uint8Array(buffer, byteOffset, byteLength));
    return array;
  },

  /** A random UUID (RFC 9562, version 4), such as "36b8f84d-df4e-4d49-b662-bcde71a8764f". */
  randomUUID(): string {
    const bytes = new Uint8Array(16);
    fill_random(bytes);
    let text = "";
    bytes.forEach((byte, at) => {
      const value = at === 6 ? (byte & 0x0f) | 0x40 : at === 8 ? (byte & 0x3f) | 0x80 : byte;
      text += (at === 4 || at === 6 || at === 8 || at === 10 ? "-" : "") + value.toString(16).padStart(2, "0");
    });
    return text;
  },
};
