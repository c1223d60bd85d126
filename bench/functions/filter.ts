/** Does one of the functions' cases for each request: its path names it. */

import { defineFilter, hash, hmac, jsonField, Response, URL, URLSearchParams } from "proxy-wasm-ts";

import { sha256 } from "./sha256.ts";

const bytes = Uint8Array.from({ length: 8192 }, (_byte, at) => at & 0xff);
const items = Array.from({ length: 70 }, (_item, id) => ({
  id,
  name: `item ${id}`,
  tags: ["a", "b"],
  price: id * 1.5,
  note: "x".repeat(40),
}));
/** 8 KB, with the field in its middle. */
const json = JSON.stringify({ before: items.slice(35), user: { id: 7 }, after: items.slice(0, 35) });
const query = "page=2&sort=name&filter=a%20b%26c&token=abcdefghijklmnop&city=K%C3%B6ln&empty=&x=1+2";

function parseQuery(text: string): Map<string, string> {
  const decode = (part: string) => decodeURIComponent(part.replaceAll("+", " "));
  const pairs = text.split("&").map((part) => {
    const [name = "", value = ""] = part.split("=");
    return [decode(name), decode(value)] as const;
  });
  return new Map(pairs);
}

const cases: Readonly<Record<string, (path: string) => unknown>> = {
  nothing: () => "",
  "hash of 8 KB": () => hash("sha256", bytes).toHex(),
  "hash of 8 KB in JavaScript": () => sha256(bytes).toHex(),
  "hmac of 64 bytes": () => hmac("sha256", "secret", bytes.subarray(0, 64)).toHex(),
  "one field of 8 KB of JSON": () => jsonField(json, "user.id"),
  "one field of 8 KB of JSON by JSON.parse": () => (JSON.parse(json) as { user: { id: number } }).user.id,
  "one parameter of a query": (path) => path,
  "one parameter by URLSearchParams": () => new URLSearchParams(query).get("city"),
  "one parameter in JavaScript": () => parseQuery(query).get("city"),
  "origin of a URL": () => new URL("https://user@Example.com:8443/a/../b?c=d#e").origin,
};

export default defineFilter({
  limits: { callbackMs: 60_000 },

  onRequestHeaders(request) {
    const name = decodeURIComponent(request.pathname.slice(1));
    const run = name === "one parameter of a query" ? () => request.query("city") : cases[name];
    return new Response(String(run?.(name)));
  },
});
