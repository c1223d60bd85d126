/** Base64 and hex of the engine, which Node has from version 25 on, and the Web's atob and btoa, which this realm does not have. */

import { boundary } from "./boundary.ts";
import { byteString, toByteString } from "./values.ts";

interface Base64Options {
  readonly alphabet?: "base64" | "base64url";
  readonly omitPadding?: boolean;
  readonly lastChunkHandling?: "loose" | "strict" | "stop-before-partial";
}

function toBase64(bytes: Uint8Array, { alphabet = "base64", omitPadding = false }: Base64Options = {}): string {
  const text = boundary.toBase64(bytes);
  const padded = alphabet === "base64url" ? text.replaceAll("+", "-").replaceAll("/", "_") : text;
  return omitPadding ? padded.replace(/=+$/, "") : padded;
}

function fromBase64(
  text: string,
  { alphabet = "base64", lastChunkHandling = "loose" }: Base64Options = {},
): Uint8Array {
  if (typeof text !== "string") {
    throw new TypeError("not a string");
  }
  const dense = text.replace(/[ \t\n\f\r]/g, "");
  const letters = alphabet === "base64url" ? "-_" : "+/";
  const [, digits = "", padding = ""] = new RegExp(`^([A-Za-z0-9${letters}]*)(=*)$`).exec(dense) ?? [
    undefined,
    "",
    "?",
  ];
  const over = digits.length % 4;
  const isPadded = padding.length === (4 - over) % 4 && over !== 1;
  const isPartial = over > 0 && !isPadded;
  if (isPartial && lastChunkHandling === "stop-before-partial" && /^=?$/.test(padding)) {
    return new Uint8Array(boundary.fromBase64(digits.slice(0, -over)));
  }
  const mayBePartial = lastChunkHandling === "loose" && padding === "" && over !== 1;
  const bytes = new Uint8Array(boundary.fromBase64(digits.replaceAll("-", "+").replaceAll("_", "/")));
  const isExact = lastChunkHandling !== "strict" || toBase64(bytes, { alphabet }) === digits + padding;
  if (!(isPadded || mayBePartial) || !isExact) {
    throw new SyntaxError("invalid base64");
  }
  return bytes;
}

function toHex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fromHex(text: string): Uint8Array {
  if (typeof text !== "string") {
    throw new TypeError("not a string");
  }
  if (!/^([0-9a-f]{2})*$/i.test(text)) {
    throw new SyntaxError("invalid hex");
  }
  return Uint8Array.from({ length: text.length / 2 }, (_byte, at) => parseInt(text.slice(2 * at, 2 * at + 2), 16));
}

/** A name and not a class, as DOMException is none of this realm's. */
function invalidCharacter(message: string): Error {
  const error = new Error(message);
  error.name = "InvalidCharacterError";
  return error;
}

function atob(text: unknown): string {
  try {
    return toByteString(fromBase64(String(text)));
  } catch {
    throw invalidCharacter("the string to be decoded is not correctly encoded");
  }
}

function btoa(text: unknown): string {
  try {
    return toBase64(byteString(text));
  } catch {
    throw invalidCharacter("string contains an invalid character");
  }
}

function define(target: object, functions: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(functions)) {
    if (!Object.hasOwn(target, name)) {
      Object.defineProperty(target, name, { value, writable: true, configurable: true });
    }
  }
}

export function installBase64(): void {
  define(Uint8Array, { fromBase64, fromHex });
  define(Uint8Array.prototype, {
    toBase64(this: Uint8Array, options?: Base64Options) {
      return toBase64(this, options);
    },
    toHex(this: Uint8Array) {
      return toHex(this);
    },
  });
  define(globalThis, { atob, btoa });
}
