/** For the fuzzer (fuzz.c): the SDK's native functions beside what a few lines of JavaScript make of the same. */

import { decodeUtf8, encodeUtf8, hash, hmac, jsonField, URLSearchParams } from "proxy-wasm-ts";
import type { HttpRequest } from "proxy-wasm-ts";

import { parseAndWalk } from "../json-oracle.ts";

/** A value as text, or the kind of the error. */
function outcome(run: () => unknown): string {
  try {
    const value = run();
    return value === undefined ? "undefined" : JSON.stringify(value);
  } catch (error) {
    return error instanceof Error ? error.name : "odd";
  }
}

function jsonDifference(request: HttpRequest): string | undefined {
  const { body, path } = request;
  const text = body.text();
  const names = path.split(".");
  const expected = outcome(() => parseAndWalk(text, names));
  for (const actual of [
    outcome(() => body.jsonField(path)),
    outcome(() => jsonField(text, names)),
    outcome(() => jsonField(body.bytes(), path)),
  ]) {
    // Each has a limit of its own for nesting.
    if (actual !== expected && actual !== "RangeError" && expected !== "RangeError") {
      return `jsonField ${actual} ${expected}`;
    }
  }
  return undefined;
}

/** By the URL standard: application/x-www-form-urlencoded. Each character of `part` is a byte. */
function decodePart(part: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < part.length; at++) {
    const encoded = /^%([0-9a-f]{2})/i.exec(part.slice(at, at + 3));
    bytes.push(encoded ? parseInt(encoded[1] ?? "", 16) : part[at] === "+" ? 32 : part.charCodeAt(at));
    at += encoded ? 2 : 0;
  }
  return decodeUtf8(Uint8Array.from(bytes));
}

function parseQuery(query: string): [string, string][] {
  return query
    .split("&")
    .filter((part) => part !== "")
    .map((part) => {
      const at = part.indexOf("=");
      return at < 0 ? [decodePart(part), ""] : [decodePart(part.slice(0, at)), decodePart(part.slice(at + 1))];
    });
}

function queryDifference(request: HttpRequest): string | undefined {
  const text = request.body.text();
  const query = String.fromCharCode(...encodeUtf8(text.startsWith("?") ? text.slice(1) : text));
  const params = new URLSearchParams(text);
  const actual = JSON.stringify([...params]);
  const expected = JSON.stringify(parseQuery(query));
  if (actual !== expected) {
    return `URLSearchParams ${actual} ${expected}`;
  }
  const again = JSON.stringify([...new URLSearchParams(params.toString())]);
  if (again !== actual) {
    return `URLSearchParams.toString ${actual} ${again}`;
  }
  const [name, value] = parseQuery(request.search.slice(1))[0] ?? ["none", null];
  const found = request.query(name);
  return name.includes("\ufffd") || String(found) === String(value)
    ? undefined
    : `request.query ${JSON.stringify([name, found, value])}`;
}

/** RFC 2104, over the same hash. */
function hmacOf(name: "md5" | "sha256" | "sha512", key: Uint8Array, message: Uint8Array): string {
  const block = name === "sha512" ? 128 : 64;
  const short = key.length > block ? hash(name, key) : key;
  const padded = (byte: number, ...rest: Uint8Array[]) => {
    const bytes = [
      ...Array.from({ length: block }, (_, at) => (short[at] ?? 0) ^ byte),
      ...rest.flatMap((one) => [...one]),
    ];
    return hash(name, Uint8Array.from(bytes));
  };
  return padded(0x5c, padded(0x36, message)).toHex();
}

function hashDifference(request: HttpRequest): string | undefined {
  const message = request.body.bytes();
  const key = message.subarray(message.length / 2);
  for (const name of ["md5", "sha256", "sha512"] as const) {
    const [actual, expected] = [hmac(name, key, message).toHex(), hmacOf(name, key, message)];
    if (actual !== expected) {
      return `hmac ${name} ${actual} ${expected}`;
    }
  }
  return undefined;
}

/** What is not the same. */
export function differences(request: HttpRequest): string[] {
  return [jsonDifference(request), queryDifference(request), hashDifference(request)].filter(
    (difference) => difference !== undefined,
  );
}
