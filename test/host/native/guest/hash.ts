/** hash, hmac and timingSafeEqual of the SDK: src/shim/hash.c for Node. */

import { boundary } from "./boundary.ts";
import { body } from "./values.ts";

const ALGORITHMS = ["md5", "sha1", "sha256", "sha384", "sha512"];

function check(algorithm: unknown): string {
  const name = String(algorithm);
  if (!ALGORITHMS.includes(name)) {
    throw new TypeError(`there is no hash function "${name.slice(0, 20)}": ${ALGORITHMS.join(", ")}`);
  }
  return name;
}

/** Nothing is not taken as if it were empty. */
export function data(value: unknown, what: string): Uint8Array {
  if (typeof value !== "string" && (typeof value !== "object" || value === null)) {
    throw new TypeError(`${what} must be a string, a Uint8Array or an ArrayBuffer`);
  }
  return body(value);
}

export function hash(algorithm: unknown, value: unknown): Uint8Array {
  return new Uint8Array(boundary.hash(check(algorithm), data(value, "hash: the data")));
}

export function hmac(algorithm: unknown, key: unknown, value: unknown): Uint8Array {
  const [name, secret] = [check(algorithm), data(key, "hmac: the key")];
  return new Uint8Array(boundary.hmac(name, secret, data(value, "hmac: the data")));
}

export function timingSafeEqual(one: unknown, other: unknown): boolean {
  const what = "timingSafeEqual: what is compared";
  return boundary.timingSafeEqual(data(one, what), data(other, what));
}
