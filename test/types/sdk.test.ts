/** Type tests: `tsc` checks them, and vitest runs what there is to run. */

import { expect, test } from "vitest";

import { typeErrors as errorsOf } from "./type-errors.ts";

/** The messages of tsc for a filter's text. */
const typeErrors = (text: string) => errorsOf(`import { defineFilter } from "proxy-wasm-ts";\n${text}`);

test("what config and state return arrives in the hooks without annotations", () => {
  const text = `
    import { Response } from "proxy-wasm-ts";
    export default defineFilter({
      config: (json) => ({ limit: Number(json) }),
      state: () => ({ started: 0 }),
      onRequestHeaders(request, { config, fetch, log }) {
        const limit: number = config.limit;
        request.state.started = limit;
        log.info(request.path);
        return fetch("/", { cluster: "a" }).then((answer) => answer.ok ? undefined : new Response("no", { status: 403 }));
      },
      async onResponseHeaders(response, { config }) {
        const started: number = response.state.started + config.limit;
        response.headers.set("x-started", String(started));
      },
    });`;
  expect(typeErrors(text)).toEqual([]);
});

test("a schema's output is the configuration's type", () => {
  const text = `
    declare const schema: {
      "~standard": { version: 1; vendor: string; validate: (value: unknown) => { value: { a: string } };
        types?: { input: unknown; output: { a: string } } } };
    export default defineFilter({
      config: schema,
      onRequestHeaders(_request, { config }) { config.a satisfies string; },
    });`;
  expect(typeErrors(text)).toEqual([]);
});

test("what the SDK's functions take and give", () => {
  const text = `
    import { hash, hmac, jsonField, timingSafeEqual, URL, URLSearchParams } from "proxy-wasm-ts";
    export default defineFilter({
      onRequestHeaders(request) {
        request.query("a") satisfies string | null;
        request.search = request.pathname = "/";
        hash("sha256", request.path).toHex() satisfies string;
        hmac("sha512", new Uint8Array(1), new ArrayBuffer(1)).toBase64({ alphabet: "base64url" }) satisfies string;
        timingSafeEqual("a", Uint8Array.fromHex("00")) satisfies boolean;
        new URLSearchParams({ a: "b" }).get("a") satisfies string | null;
        new URL("/a", "http://b").searchParams satisfies URLSearchParams;
      },
      onRequestBody(request) {
        request.body.jsonField("a.b") satisfies unknown;
        jsonField(request.body.bytes(), ["a", 0]) satisfies unknown;
      },
    });`;
  expect(typeErrors(text)).toEqual([]);
});

test.each([
  [
    "a hash function that does not exist",
    'import { hash } from "proxy-wasm-ts"; hash("sha3", ""); export default defineFilter({});',
    "Argument of type '\"sha3\"' is not assignable to parameter of type 'HashAlgorithm'.",
  ],
  [
    "a URL's host, which cannot be set",
    'import { URL } from "proxy-wasm-ts"; new URL("http://a").host = "b"; export default defineFilter({});',
    "read-only",
  ],
  ["a hook's name", "export default defineFilter({ onRequest() {} });", "onRequest"],
  [
    "a hook's result",
    "export default defineFilter({ onRequestHeaders: () => 5 });",
    "Type 'number' is not assignable to type 'HookResult | Promise<HookResult>'.",
  ],
  [
    "a field that the configuration does not have",
    "export default defineFilter({ config: () => ({ a: 1 }), onRequestHeaders(_r, { config }) { config.b; } });",
    "Property 'b' does not exist on type '{ a: number; }'.",
  ],
  [
    "a fetch without a cluster",
    'export default defineFilter({ async onRequestHeaders(_r, { fetch }) { await fetch("/", {}); } });',
    "Property 'cluster' is missing in type '{}' but required in type 'FetchInit'.",
  ],
  [
    "a header value that is no string",
    'export default defineFilter({ onRequestHeaders(r) { r.headers.set("x", 1); } });',
    "Argument of type 'number' is not assignable to parameter of type 'string'.",
  ],
  [
    "an onError that does not exist",
    'export default defineFilter({ onError: "ignore" });',
    "Type '\"ignore\"' is not assignable to type",
  ],
])("%s is checked", (_what, text, message) => {
  const errors = typeErrors(text);
  expect(errors).toHaveLength(1);
  expect(errors[0]).toContain(message);
});
