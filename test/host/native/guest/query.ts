/** Queries, percent-encoding, and the parts of a request's path: src/shim/query.c for Node. */

import { boundary } from "./boundary.ts";
import { enterMessage } from "./contexts.ts";
import { changeHeader, getFirstValue } from "./headers.ts";
import { byteString, toByteString, utf8 } from "./values.ts";

/** Not by Node's URLSearchParams, which takes characters above U+007F for bytes where an escape is wrong. */
export function parseQuery(text: string): string[] {
  const parts = text.split("&").filter((part) => part !== "");
  return parts.flatMap((part) => {
    const at = part.indexOf("=");
    return at < 0 ? [decodeForm(part), ""] : [decodeForm(part.slice(0, at)), decodeForm(part.slice(at + 1))];
  });
}

function decodeForm(text: string): string {
  const bytes = utf8(text.replaceAll("+", " "));
  const decoded: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    const code = byte === 0x25 ? String.fromCharCode(...bytes.subarray(at + 1, at + 3)) : "";
    if (/^[0-9a-f]{2}$/i.test(code)) {
      decoded.push(parseInt(code, 16));
      at += 2;
    } else {
      decoded.push(byte);
    }
  }
  return boundary.decodeUtf8(Uint8Array.from(decoded));
}

export function serializeQuery(list: readonly string[]): string {
  return boundary.serializeQuery(list);
}

export function percentEncode(text: string, characters: string): string {
  let encoded = "";
  for (const byte of utf8(text)) {
    const character = String.fromCharCode(byte);
    const isPlain = byte > 0x1f && byte < 0x7f && !characters.includes(character);
    encoded += isPlain ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

interface PathParts {
  readonly pathname: string;
  readonly search: string;
  readonly rest: string;
}

function pathParts(request: object): PathParts {
  const path = getFirstValue(enterMessage(request).headers.type, byteString(":path")) ?? "";
  const [, pathname = "", search = "", rest = ""] = /^([^?#]*)(\?[^#]*)?(.*)$/s.exec(path) ?? [];
  return { pathname, search, rest };
}

function setPath(request: object, path: string): void {
  changeHeader("proxy_replace_header_map_value", request, ":path", path);
}

export const pathname: PropertyDescriptor & ThisType<object> = {
  get() {
    return pathParts(this).pathname;
  },
  set(value: unknown) {
    const text = toByteString(byteString(value)).replaceAll("?", "%3F").replaceAll("#", "%23");
    const { search, rest } = pathParts(this);
    setPath(this, (text.startsWith("/") ? text : `/${text}`) + search + rest);
  },
};

export const search: PropertyDescriptor & ThisType<object> = {
  get() {
    const { search } = pathParts(this);
    return search === "?" ? "" : search;
  },
  set(value: unknown) {
    const text = toByteString(byteString(value)).replace(/^\?/, "").replaceAll("#", "%23");
    const { pathname, rest } = pathParts(this);
    setPath(this, pathname + (text && `?${text}`) + rest);
  },
};

/** @param name - is read first: it can run code */
export function requestQuery(request: object, name: unknown): string | null {
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-template-expression -- who has no types may give anything
  const wanted = `${name as string}`;
  // A path is a byte string, and its bytes are UTF-8 where they are no percent-encoding.
  const query = boundary.decodeUtf8(byteString(pathParts(request).search.slice(1)));
  const list = parseQuery(query);
  const at = list.findIndex((other, index) => index % 2 === 0 && other === wanted);
  return at < 0 ? null : (list[at + 1] ?? null);
}
