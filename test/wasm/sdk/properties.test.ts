import { beforeAll, expect, test } from "vitest";

import { TestHost } from "../../host/index.ts";
import type { CompiledFilter } from "../../host/index.ts";
import { build } from "./build.ts";

const FILTER = `
import {
  callForeignFunction, clearRouteCache, compress, decodeProperty, decodeUtf8, defineFilter, getProperty, log, onForeignFunction,
  Response, setProperty, uncompress,
} from "proxy-wasm-ts";

onForeignFunction(({ functionId, argument, pluginId }) => log.info("top level: " + [functionId, decodeUtf8(argument), pluginId > 0]));

function failure(run) {
  try {
    return run();
  } catch (error) {
    return error.name + ": " + error.message;
  }
}

const actions = {
  "/known": (request) => [
    getProperty("request.url_path", request), getProperty("request.headers.x-a", request), getProperty("connection.mtls", request),
    getProperty("source.port", request), getProperty("request.time", request), getProperty("plugin_name"),
    getProperty("request.headers", request).some(([name]) => name === "x-a"),
  ],
  "/given": (request) => [
    getProperty("upstream.address", request), getProperty("xds.cluster_name", request), getProperty("connection.id", request),
    decodeProperty(getProperty("metadata.filter_metadata.a.b", request), "double"),
    decodeProperty(getProperty(["filter_state", "x.y"], request), "string"),
    failure(() => getProperty("response.code", request)),
  ],
  "/set": (request) => {
    setProperty("x.y", "value", request);
    return [decodeProperty(getProperty(["x.y"], request), "string"), getProperty("x.y", request) ?? null];
  },
  "/foreign": (request) => {
    clearRouteCache(request);
    return [
      decodeUtf8(callForeignFunction("reverse", "abc", request)), callForeignFunction("nothing") ?? null,
      failure(() => callForeignFunction("refuses")), failure(() => callForeignFunction("unknown")),
      decodeUtf8(uncompress(compress("text"))),
    ];
  },
};

export default defineFilter({
  setup() {
    const stop = onForeignFunction(({ functionId }) => {
      log.info("setup: " + functionId);
      stop();
    });
  },
  onRequestHeaders(request) {
    return new Response(JSON.stringify(actions[request.path](request)));
  },
});
`;

let filter: CompiledFilter;

beforeAll(async () => {
  filter = await build(FILTER);
});

const get = async (host: TestHost, path: string) =>
  (await host.fetch(`http://host${path}`, { headers: { "x-a": "b" } })).json();

test("properties that the host knows", async () => {
  await using host = await TestHost.load(filter, { clock: "manual", pluginName: "mine" });
  expect(await get(host, "/known")).toEqual([
    "/known",
    "b",
    false,
    expect.any(Number),
    Date.UTC(2026, 0, 1),
    "mine",
    true,
  ]);
});

test("properties that the test gives", async () => {
  await using host = await TestHost.load(filter, {
    properties: [
      ["upstream.address", "10.0.0.1:80"],
      ["xds.cluster_name", "shöp"],
      ["connection.id", 2n ** 40n],
      ["metadata.filter_metadata.a.b", 1.5],
      [["filter_state", "x.y"], "dotted"],
      ["response.code", "200"],
    ],
  });
  expect(await get(host, "/given")).toEqual([
    ...["10.0.0.1:80", "shöp", 2 ** 40, 1.5, "dotted"],
    "TypeError: the property response.code has 3 bytes, and integer takes 8: this host encodes it in another way",
  ]);
});

test("a property that the filter sets", async () => {
  await using host = await TestHost.load(filter);
  expect(await get(host, "/set")).toEqual(["value", null]);
});

test("foreign functions, both ways", async () => {
  await using host = await TestHost.load(filter, {
    foreignFunctions: {
      reverse: (argument) => argument.toReversed(),
      nothing: () => undefined,
      refuses: () => {
        throw new Error("no");
      },
    },
  });
  expect(await get(host, "/foreign")).toEqual([
    "cba",
    null,
    'HostError: proxy_call_foreign_function: BadArgument (2): "refuses": the function refused its argument, or failed',
    'HostError: proxy_call_foreign_function: NotFound (1): "unknown": the host has no function of this name, or not what its argument names',
    "text",
  ]);
  host.callForeign(7, "first");
  host.callForeign(8);
  const lines = host.logs.map(({ message }) => message).filter((message) => /^(top level|setup)/.test(message));
  expect(lines).toEqual(["top level: 7,first,true", "setup: 7", "top level: 8,,true"]);
});
