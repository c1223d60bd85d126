/** Type tests of properties, metrics and shared data: `tsc` checks them. */

import { describe, expect, test } from "vitest";

import { typeErrors } from "./type-errors.ts";

const IMPORTS = `
import { decodeProperty, defineCounter, defineGauge, defineHistogram, getProperty, sharedData } from "proxy-wasm-ts";
import type { HttpRequest } from "proxy-wasm-ts";
declare const request: HttpRequest;
type Is<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <A, B>(equal: Is<A, B>) => equal;
`;

const errorsOf = (text: string) => typeErrors(IMPORTS + text, { noUnusedLocals: false });

test("the type of a property follows from its path", () => {
  const text = `
    const path = getProperty("request.url_path", request);
    is<typeof path, string | undefined>(true);
    const code = getProperty(["response", "code"], request);
    is<typeof code, number | undefined>(true);
    const time = getProperty("request.time", request);
    is<typeof time, number | undefined>(true);
    const mtls = getProperty("connection.mtls", request);
    is<typeof mtls, boolean | undefined>(true);
    const headers = getProperty("request.headers", request);
    is<typeof headers, [string, string][] | undefined>(true);
    const header = getProperty("request.headers.x-user", request);
    is<typeof header, string | undefined>(true);
    const listed = getProperty(["response", "headers", "x.y"], request);
    is<typeof listed, string | undefined>(true);
    const metadata = getProperty("xds.route_metadata", request);
    is<typeof metadata, Uint8Array | undefined>(true);
    const unknown = getProperty("metadata.filter_metadata.a.b", request);
    is<typeof unknown, Uint8Array | undefined>(true);
    const dynamic = getProperty("a" as string, request);
    is<typeof dynamic, Uint8Array | undefined>(true);
    const list = getProperty([] as string[], request);
    is<typeof list, Uint8Array | undefined>(true);
    const name = getProperty("plugin_name");
    is<typeof name, string | undefined>(true);
    const mine = getProperty("mine");
    is<typeof mine, Uint8Array | undefined>(true);
    const tier = decodeProperty(unknown, "integer");
    is<typeof tier, number | undefined>(true);
    const exact = decodeProperty(new Uint8Array(8), "bigint");
    is<typeof exact, bigint>(true);
  `;
  expect(errorsOf(text)).toEqual([]);
});

test("an attribute of a stream needs the stream", () => {
  expect(errorsOf(`getProperty("request.path");`)).toEqual(["Expected 2 arguments, but got 1."]);
  expect(errorsOf(`getProperty(["source", "address"]);`)).toEqual(["Expected 2 arguments, but got 1."]);
  expect(errorsOf(`getProperty("request.headers.x-a");`)).toEqual(["Expected 2 arguments, but got 1."]);
});

test("labels of a metric are checked", () => {
  const define = `const requests = defineCounter("requests", { labels: ["method", "status"] });`;
  expect(errorsOf(`${define} requests.with({ method: "GET", status: "200" }).increment();`)).toEqual([]);
  expect(errorsOf(`defineGauge("a").decrement(); defineHistogram("b").record(1);`)).toEqual([]);
  expect(errorsOf(`${define} requests.with({ method: "GET" });`)[0]).toContain("Property 'status' is missing");
  expect(errorsOf(`${define} requests.increment();`)[0]).toContain("Property 'increment' does not exist");
  expect(errorsOf(`defineHistogram("h").value;`)[0]).toContain("Property 'value' does not exist");
});

test("shared data are bytes, text, or whatever JSON says", () => {
  const text = `
    const found = sharedData.get("key");
    is<typeof found extends { bytes: Uint8Array; version: number } | undefined ? true : false, true>(true);
    const json = sharedData.get("key")?.json();
    is<typeof json, unknown>(true);
    const count = sharedData.updateJson("count", () => 1);
    is<typeof count, number | undefined>(true);
    const text = sharedData.update("text", (old) => old?.text() ?? "new");
    is<typeof text, string>(true);
  `;
  expect(errorsOf(text)).toEqual([]);
  expect(errorsOf(`sharedData.set("key", 5);`)[0]).toContain("Argument of type 'number'");
});

describe("the Web's classes by import, and beside the types of others", () => {
  const IMPORTED = `
    import { AbortController, AbortSignal, crypto, fetch, memoryUsage, performance } from "proxy-wasm-ts";
    const controller = new AbortController();
    controller.signal.addEventListener("abort", ({ target }) => target.reason, { once: true });
    void fetch("/", { cluster: "c", signal: AbortSignal.any([controller.signal, AbortSignal.timeout(5)]) });
    crypto.getRandomValues(new Uint16Array(2)) satisfies Uint16Array;
    memoryUsage().heapBytes satisfies number;
    performance.now() satisfies number;`;
  const GLOBAL = `
    import { fetch } from "proxy-wasm-ts";
    const controller = new AbortController();
    void fetch("/", { cluster: "c", signal: controller.signal });
    crypto.randomUUID() satisfies string;
    console.log(performance.now());`;

  test.each([
    ["nothing", { lib: ["lib.es2023.d.ts"], types: [] }, false],
    ["the DOM", { lib: ["lib.es2023.d.ts", "lib.dom.d.ts"], types: [] }, true],
    ["Node", { lib: ["lib.es2023.d.ts"], types: ["node"] }, true],
    ["both", { lib: ["lib.es2023.d.ts", "lib.dom.d.ts"], types: ["node"] }, true],
  ])("%s", (_what, options, globals) => {
    expect(typeErrors(IMPORTED, options)).toEqual([]);
    expect(typeErrors(`import "proxy-wasm-ts"; console.log("x");`, options, "all files")).toEqual([]);
    if (globals) {
      expect(typeErrors(GLOBAL, options)).toEqual([]);
    }
  });
});
