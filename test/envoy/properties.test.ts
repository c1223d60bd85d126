/** Properties and foreign functions, in a real Envoy. */

import { createSign, generateKeyPairSync } from "node:crypto";
import { inflateSync } from "node:zlib";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { buildModule } from "../build-filter.ts";
import { startFilter } from "./filter.ts";
import type { BuiltModule } from "../build-filter.ts";
import type { RunningFilter } from "./filter.ts";
import { startUpstream } from "./upstream.ts";
import type { Upstream } from "./upstream.ts";

/** The first plugin answers what a path asks for; the second one, in another VM, reads what the first has set. */
const FILTER = `
import {
  callForeignFunction, clearRouteCache, compress, declareProperty, decodeProperty, defineFilter, encodeUtf8, fetch, getProperty,
  HostError, log, Response, setEnvoyFilterState, setProperty, uncompress, verifySignature,
} from "proxy-wasm-ts";
import type { HttpRequest } from "proxy-wasm-ts";
import { proxy_get_property, proxy_set_property } from "proxy-wasm-ts/hostcalls";

function failure(run: () => unknown): unknown {
  try {
    return run() ?? null;
  } catch (error) {
    const status = error instanceof HostError ? [error.status] : [];
    return error instanceof Error ? [error.name, error.message, ...status] : error;
  }
}

let kept: HttpRequest | undefined;

const actions: Record<string, (request: HttpRequest, body: string) => unknown> = {
  request: (request) => ({
    path: getProperty("request.path", request),
    url_path: getProperty("request.url_path", request),
    query: getProperty(["request", "query"], request),
    host: getProperty("request.host", request),
    method: getProperty("request.method", request),
    protocol: getProperty("request.protocol", request),
    useragent: getProperty("request.useragent", request),
    referer: getProperty("request.referer", request) ?? null,
    header: getProperty("request.headers.x-a", request),
    dotted: getProperty("request.headers.x.dotted", request),
    listed: getProperty(["request", "headers", "x.dotted"], request),
    twice: getProperty("request.headers.x-twice", request),
    headers: getProperty("request.headers", request)?.filter(([name]) => name.startsWith("x-a")),
    late: Math.abs((getProperty("request.time", request) ?? 0) - Date.now()) < 5000,
    duration: getProperty("request.duration", request) ?? null,
    size: getProperty("request.headers_bytes", request),
  }),
  connection: (request) => ({
    id: getProperty("connection.id", request),
    mtls: getProperty("connection.mtls", request),
    name: getProperty("connection.requested_server_name", request),
    tls: getProperty("connection.tls_version", request) ?? null,
    source: getProperty("source.address", request),
    port: getProperty("source.port", request),
    destination: getProperty("destination.port", request),
  }),
  xds: (request) => ({
    cluster: getProperty("xds.cluster_name", request),
    host: getProperty("xds.virtual_host_name", request),
    route: getProperty("xds.route_name", request),
    metadata: getProperty("xds.route_metadata", request)?.length,
    direction: getProperty("xds.listener_direction", request),
    old: [getProperty("cluster_name", request) ?? null, getProperty("node") ?? null],
  }),
  metadata: (request) => {
    const read = (path: string, kind: "string" | "double" | "boolean") => decodeProperty(getProperty(path, request), kind) ?? null;
    const route = "xds.route_metadata.filter_metadata";
    return {
      text: read(route + ".team.name", "string"),
      number: read(route + ".team.size", "double"),
      flag: read(route + ".team.open", "boolean"),
      dotted: decodeProperty(getProperty(["xds", "route_metadata", "filter_metadata", "com.acme", "a.b"], request), "string"),
      nested: read(route + ".team.lead.name", "string"),
      absent: read(route + ".team.nobody", "string"),
      whole: (getProperty("xds.route_metadata", request)?.length ?? 0) > 40,
    };
  },
  plugin: (request) => ({
    name: getProperty("plugin_name"),
    root: getProperty("plugin_root_id"),
    vm: getProperty("plugin_vm_id"),
    ofStream: getProperty("plugin_name", request),
    node: (getProperty("xds.node")?.length ?? 0) > 100,
    noStream: proxy_get_property("request\\0path") ?? null,
  }),
  set: (request) => {
    setProperty("mine", "text", request);
    setProperty("dotted.name", Uint8Array.of(1, 255), request);
    setProperty("empty", "", request);
    return {
      mine: decodeProperty(getProperty("mine", request), "string"),
      dotted: [...(getProperty(["dotted.name"], request) ?? [])],
      empty: getProperty("empty", request)?.length,
      state: decodeProperty(getProperty(["filter_state", "wasm.mine"], request), "string"),
      path: getProperty("dotted.name", request) ?? null,
    };
  },
  "set-path": (request) => {
    proxy_set_property("a\\0b", "value");
    return [getProperty("a.b", request) ?? null, getProperty("a", request) ?? null];
  },
  readonly: (request) => {
    setProperty("once", "1", request);
    return [decodeProperty(getProperty("once", request), "string"), failure(() => setProperty("once", "2", request))];
  },
  wrong: (request) => [
    failure(() => getProperty("", request)),
    failure(() => getProperty([], request)),
    failure(() => getProperty("a..b", request)),
    failure(() => getProperty(["a", "b\\0c"], request)),
    failure(() => setProperty("", "x", request)),
    failure(() => getProperty("request", request)),
    failure(() => getProperty("nonsense.more", request)),
    failure(() => decodeProperty(Uint8Array.of(1, 2), "integer")),
    failure(() => decodeProperty(undefined, "integer")),
  ],
  kinds: () => {
    const bytes = Uint8Array.of(254, 255, 255, 255, 255, 255, 255, 255);
    return [decodeProperty(bytes, "integer"), String(decodeProperty(bytes, "bigint")), decodeProperty(bytes.subarray(7), "boolean"),
      decodeProperty(new Uint8Array(new Float64Array([1.5]).buffer), "double")];
  },
  keep: (request) => {
    kept = request;
    return "kept";
  },
  kept: () => {
    const request = kept;
    return request === undefined ? "none" : [failure(() => getProperty("request.path", request)), failure(() => setProperty("a", "b", request))];
  },
  zlib: () => {
    const packed = compress("hello ".repeat(100));
    return [[...packed], uncompress(packed).length, uncompress(compress("")).length, failure(() => uncompress(encodeUtf8("no zlib")))];
  },
  unknown: () => [failure(() => callForeignFunction("no_such_function")), failure(() => callForeignFunction(""))],
  state: (request) => {
    setEnvoyFilterState("envoy.tcp_proxy.cluster", "upstream", request);
    setEnvoyFilterState("envoy.upstream.dynamic_port", "8080", request, { lifeSpan: "request" });
    return [
      decodeProperty(getProperty(["filter_state", "envoy.tcp_proxy.cluster"], request), "string"),
      failure(() => setEnvoyFilterState("no.such.state", "x", request)),
      failure(() => setEnvoyFilterState("envoy.upstream.dynamic_port", "no number", request)),
    ];
  },
  verify: (_request, body) => {
    const { pem, der, signature } = JSON.parse(body) as { pem: string; der: number[]; signature: number[] };
    const text = "signed text";
    const bytes = Uint8Array.from(signature);
    return [
      verifySignature({ hash: "sha256", publicKey: pem, signature: bytes, text }),
      verifySignature({ hash: "sha256", publicKey: Uint8Array.from(der), signature: bytes, text }),
      verifySignature({ hash: "sha256", publicKey: pem, signature: bytes, text: "another text" }),
      verifySignature({ hash: "no such hash", publicKey: pem, signature: bytes, text }),
      failure(() => verifySignature({ hash: "sha256", publicKey: "no key", signature: bytes, text })),
      failure(() => verifySignature({ hash: "sha256", publicKey: "", signature: bytes, text })),
    ];
  },
};

export default defineFilter({
  config: (json) => json as { reader?: boolean } | undefined,
  setup({ config }) {
    if (config?.reader === true) return;
    declareProperty("once", { type: "string", readonly: true, lifeSpan: "request" });
    log.info("declared twice: " + JSON.stringify(failure(() => declareProperty("once", { type: "string" }))));
  },
  async onRequestHeaders(request, { config }) {
    if (config?.reader === true) {
      const handed = decodeProperty(getProperty("handed", request), "string");
      if (handed !== undefined) request.headers.set("x-handed", handed);
      return undefined;
    }
    const name = request.path.slice(1).split("?")[0] ?? "";
    if (name === "hand-over") {
      setProperty("handed", "over", request);
      clearRouteCache(request);
      return undefined;
    }
    if (name === "await") {
      await fetch(request.path, { cluster: "slow" });
      setProperty("mine", request.path, request);
      const mine = decodeProperty(getProperty("mine", request), "string");
      return new Response(JSON.stringify([getProperty("request.path", request), mine]));
    }
    const action = actions[name];
    if (action === undefined) return undefined;
    return new Response(JSON.stringify(action(request, decodeURIComponent(request.headers.get("x-body") ?? ""))));
  },
  onResponseHeaders(response, { config }) {
    if (config?.reader === true || response.request === undefined) return;
    const code = getProperty("response.code", response);
    const details = getProperty("response.code_details", response);
    const latency = getProperty("response.backend_latency", response);
    const upstream = getProperty("upstream.address", response);
    const attempts = getProperty("upstream.request_attempt_count", response);
    const handed = decodeProperty(getProperty("handed", response), "string");
    log.info("response: " + JSON.stringify([code, details, typeof latency, typeof upstream, attempts, handed ?? null,
      getProperty("xds.upstream_host_metadata", response) ?? null]));
  },
  onLog(response, { config }) {
    if (config?.reader === true) return;
    const path = getProperty("request.path", response);
    const duration = getProperty("request.duration", response) ?? -1;
    log.info("logged: " + JSON.stringify([path, duration > 0 && duration < 10000]));
  },
});
`;

let module: BuiltModule;
let filter: RunningFilter;
let slow: Upstream;

beforeAll(async () => {
  module = await buildModule(FILTER);
  slow = await startUpstream((request, response) => {
    // The later request is answered first.
    setTimeout(() => response.end(), request.path.endsWith("1") ? 150 : 20);
  });
  filter = await startFilter(module.wasm, {
    name: "first",
    rootId: "root",
    routes: [
      {
        match: { prefix: "/" },
        route: { cluster: "upstream" },
        metadata: {
          filter_metadata: {
            // Whole numbers only: Envoy's reader of YAML makes text of others.
            team: { name: "edge", size: 7, open: true, lead: { name: "Ada" } },
            "com.acme": { "a.b": "dots" },
          },
        },
      },
    ],
    clusters: { slow: slow.url },
    filters: [{ wasm: module.wasm, name: "reader", vmId: "reader", config: { reader: true } }],
  });
});

afterAll(async () => {
  await filter[Symbol.asyncDispose]();
  await slow[Symbol.asyncDispose]();
  await module[Symbol.asyncDispose]();
});

async function run(path: string, headers: Record<string, string> = {}): Promise<unknown> {
  const response = await fetch(`${filter.url}/${path}`, { headers });
  expect(response.status, filter.envoy.filterLog().slice(-4).join("\n")).toBe(200);
  return response.json();
}

describe("properties", () => {
  test("of a request have the types of their paths", async () => {
    const headers = { "x-a": "wert", "x.dotted": "d", "user-agent": "vitest" };
    expect(await run("request?q=1", headers)).toMatchObject({
      path: "/request?q=1",
      url_path: "/request",
      query: "q=1",
      host: new URL(filter.url).host,
      method: "GET",
      protocol: "HTTP/1.1",
      useragent: "vitest",
      referer: null,
      header: "wert",
      dotted: "d",
      listed: "d",
      headers: [["x-a", "wert"]],
      late: true,
      duration: null,
      size: expect.any(Number) as unknown,
    });
  });

  test("of a connection", async () => {
    expect(await run("connection")).toEqual({
      id: expect.any(Number) as unknown,
      mtls: false,
      name: "",
      tls: null,
      source: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as unknown,
      port: expect.any(Number) as unknown,
      destination: Number(new URL(filter.url).port),
    });
  });

  test("of Envoy's configuration are under xds.", async () => {
    expect(await run("xds")).toEqual({
      cluster: "upstream",
      host: "all",
      route: "",
      metadata: expect.any(Number) as unknown,
      direction: 0,
      old: [null, null],
    });
  });

  test("of the route's metadata, by the path of a field", async () => {
    expect(await run("metadata")).toEqual({
      text: "edge",
      number: 7,
      flag: true,
      dotted: "dots",
      nested: "Ada",
      absent: null,
      whole: true,
    });
  });

  test("of the plugin need no stream, and without one there are no others", async () => {
    expect(await run("plugin")).toEqual({
      name: "first",
      root: "root",
      vm: "vm",
      ofStream: "first",
      node: true,
      noStream: null,
    });
  });

  test("of a response, and when it is logged", async () => {
    await (await fetch(`${filter.url}/passes`)).text();
    await filter.envoy.waitForFilterLog(/response: \[200,"via_upstream","number","string",1,null,null\]/);
    await filter.envoy.waitForFilterLog(/logged: \["\/passes",true\]/);
  });

  test("are those of the right stream after an await", async () => {
    const answers = await Promise.all([1, 2, 3].map((number) => run(`await?${number}`)));
    expect(answers).toEqual([1, 2, 3].map((number) => [`/await?${number}`, `/await?${number}`]));
  });

  test("that a filter has set are read back under one name", async () => {
    expect(await run("set")).toEqual({ mine: "text", dotted: [1, 255], empty: 0, state: "text", path: null });
    expect(await run("set-path")).toEqual([null, null]);
  });

  test("that a filter has set reach the filters after it and the response", async () => {
    await (await fetch(`${filter.url}/hand-over`)).text();
    expect(filter.upstream.requests.at(-1)?.headers["x-handed"]).toBe("over");
    await filter.envoy.waitForFilterLog(/response: \[200,"via_upstream","number","string",1,"over",null\]/);
  });

  test("can be declared read-only", async () => {
    expect(await run("readonly")).toEqual(["1", ["HostError", expect.any(String), 2]]);
    await filter.envoy.waitForFilterLog(/declared twice.*the function refused its argument, or failed/);
  });

  test("wrong uses are told", async () => {
    const empty = (of: string, names: string) => [
      "TypeError",
      `${of}: a name of the path ${names} is empty or has a zero byte`,
    ];
    expect(await run("wrong")).toEqual([
      empty("getProperty", '[""]'),
      empty("getProperty", "[]"),
      empty("getProperty", '["a","","b"]'),
      empty("getProperty", '["a","b\\u0000c"]'),
      empty("setProperty", '[""]'),
      ["HostError", expect.stringContaining("cannot be read as a whole"), 3],
      null,
      ["TypeError", "the property has 2 bytes, and integer takes 8: this host encodes it in another way"],
      null,
    ]);
    expect(await run("kinds")).toEqual([-2, "-2", true, 1.5]);
  });

  test("of a stream that has ended are an error", async () => {
    await run("keep");
    await filter.envoy.waitForFilterLog(/logged: \["\/keep"/);
    expect(await run("kept")).toEqual([
      ["StreamEndedError", expect.any(String)],
      ["StreamEndedError", expect.any(String)],
    ]);
  });
});

describe("foreign functions", () => {
  test("compress and uncompress", async () => {
    const [packed, ...rest] = (await run("zlib")) as [number[], ...unknown[]];
    expect(inflateSync(Uint8Array.from(packed)).toString()).toBe("hello ".repeat(100));
    expect(rest).toEqual([600, 0, ["HostError", expect.stringContaining('"uncompress"'), 3]]);
  });

  test("an unknown name is an error that says it", async () => {
    const [unknown, empty] = (await run("unknown")) as unknown[];
    expect(unknown).toEqual([
      "HostError",
      'proxy_call_foreign_function: NotFound (1): "no_such_function": the host has no function of this name, or not what its argument names',
      1,
    ]);
    expect(empty).toMatchObject(["HostError", expect.any(String), 1]);
  });

  test("filter state of Envoy's own filters can be set", async () => {
    expect(await run("state")).toEqual([
      "upstream",
      ["HostError", expect.stringContaining("set_envoy_filter_state"), 1],
      ["HostError", expect.stringContaining("refused its argument"), 2],
    ]);
  });

  test("signatures are verified", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const signature = createSign("sha256").update("signed text").sign(privateKey);
    const pem = publicKey.export({ type: "spki", format: "pem" });
    const der = publicKey.export({ type: "spki", format: "der" });
    const body = JSON.stringify({ pem, der: [...der], signature: [...signature] });
    expect(await run("verify", { "x-body": encodeURIComponent(body) })).toEqual([
      true,
      true,
      false,
      false,
      false,
      ["HostError", expect.stringContaining("verify_signature"), 2],
    ]);
  });
});
