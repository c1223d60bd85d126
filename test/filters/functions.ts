/** Calls the SDK's functions: a request's body names one, with lists of arguments; the answer has what each call gave. */

import {
  decodeUtf8,
  defineFilter,
  encodeUtf8,
  hash,
  hmac,
  jsonField,
  Response,
  timingSafeEqual,
  URL,
  URLSearchParams,
} from "proxy-wasm-ts";
import type { HashAlgorithm, JsonPath } from "proxy-wasm-ts";

const bytes = (base64: string) => Uint8Array.fromBase64(base64);

/** Each name is here as a text, and so in the module. */
const ALGORITHMS: readonly HashAlgorithm[] = ["md5", "sha1", "sha256", "sha384", "sha512"];

const PARTS = ["href", "origin", "protocol", "username", "password", "host", "hostname", "port", "pathname"] as const;

function partsOf(url: URL): unknown[] {
  return [...PARTS.map((part) => url[part]), url.search, url.hash, [...url.searchParams], url.toJSON()];
}

/** JSON has no undefined. */
type Change = [change: string, name: string, value: string | null];

function changed(params: URLSearchParams, changes: readonly Change[]) {
  const seen = changes.map(([change, name, given]) => {
    const value = given ?? undefined;
    switch (change) {
      case "append":
        params.append(name, value ?? "");
        return undefined;
      case "set":
        params.set(name, value ?? "");
        return undefined;
      case "delete":
        params.delete(name, value);
        return undefined;
      case "sort":
        params.sort();
        return undefined;
      case "has":
        return params.has(name, value);
      default:
        return [params.get(name), params.getAll(name)];
    }
  });
  return [seen, params.toString(), [...params.keys()], [...params.values()], params.size];
}

const functions = {
  hash: (algorithm: number, data: string) => hash(ALGORITHMS[algorithm] ?? "md5", bytes(data)).toHex(),
  hashText: (algorithm: number, text: string) => hash(ALGORITHMS[algorithm] ?? "md5", text).toBase64(),
  hmac: (algorithm: number, key: string, data: string) =>
    hmac(ALGORITHMS[algorithm] ?? "md5", bytes(key), bytes(data).buffer).toHex(),
  decodeUtf8: (data: string) => [decodeUtf8(bytes(data)), decodeUtf8(atob(data))],
  encodeUtf8: (text: string) => encodeUtf8(text).toBase64(),
  timingSafeEqual: (one: string, other: string) => [
    timingSafeEqual(one, other),
    timingSafeEqual(bytes(btoa(one)), one),
  ],
  jsonField: (json: string, path: JsonPath) => ({ field: jsonField(json, path) }),
  jsonFieldOfRope: (json: string, path: JsonPath) => ({
    field: jsonField(json + " ".repeat(5000) + " ".repeat(5000), path),
  }),
  jsonFieldOfBytes: (json: string, path: JsonPath) => ({ field: jsonField(bytes(json), path) }),
  jsonParse: (json: string) => ({ field: JSON.parse(json) as unknown }),
  url: (url: string, base?: string) => partsOf(new URL(url, base ?? undefined)),
  setUrl: (text: string, part: "href" | "pathname" | "search" | "hash", value: string) => {
    const url = new URL(text);
    const params = url.searchParams;
    url[part] = value;
    return [partsOf(url), params === url.searchParams];
  },
  changeUrl: (text: string, changes: Change[]) => {
    const url = new URL(text);
    return [changed(url.searchParams, changes), partsOf(url)];
  },
  canParse: (text: string) => [URL.canParse(text), URL.parse(text)?.href ?? null],
  params: (init: string | [string, string][] | Record<string, string>, changes: Change[]) =>
    changed(new URLSearchParams(init), changes),
  atob: (text: string) => btoa(atob(text)),
  base64: (text: string, options: object) => [Uint8Array.fromBase64(text, options).toHex()],
  toBase64: (hex: string, options: object) => Uint8Array.fromHex(hex).toBase64(options),
};

type AnyFunction = (...parameters: unknown[]) => unknown;

function outcome(call: AnyFunction, parameters: readonly unknown[]): unknown {
  try {
    return { value: call(...parameters) };
  } catch (error) {
    return { error: error instanceof Error ? `${error.name}: ${error.message}` : "what is thrown is no error" };
  }
}

export default defineFilter({
  limits: { callbackMs: 20_000 },
  state: () => ({ jsonField: "" }),

  onRequestHeaders(request) {
    request.state.jsonField = request.headers.get("x-json-field") ?? "";
    const [what = "", name = ""] = (request.headers.get("x-path") ?? "").split(" ");
    const changes: Record<string, () => unknown> = {
      query: () => request.query(decodeURIComponent(name)),
      pathname: () => (request.pathname = decodeURIComponent(name)),
      search: () => (request.search = decodeURIComponent(name)),
    };
    const change = changes[what];
    if (change === undefined) {
      return undefined;
    }
    request.path = request.headers.get("x-raw") ?? "";
    const before = [request.pathname, request.search];
    return Response.json([outcome(change, []), ...before, request.path]);
  },

  async onRequestBody(request, { fetch }) {
    const path = request.state.jsonField;
    if (path !== "") {
      const answer = await fetch("/", { cluster: "json" });
      return Response.json([
        outcome(() => request.body.jsonField(path), []),
        outcome(() => answer.jsonField(path.split(".")), []),
      ]);
    }
    const [name, ...cases] = request.body.json() as [keyof typeof functions, ...unknown[][]];
    return Response.json(cases.map((parameters) => outcome(functions[name] as AnyFunction, parameters)));
  },
});
