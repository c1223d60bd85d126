import { describe, expect, test } from "vitest";

import { TestHost } from "../../host/index.ts";
import type { Properties } from "../../host/index.ts";
import { encodeProperty } from "../../host/properties.ts";
import { calls, load, statuses } from "./helpers.ts";
import { call, tinyModule } from "./tiny-module.ts";
import type { Body, Step } from "./tiny-module.ts";

// What is there in which phase was measured in Envoy 1.40.

const get = (path: string): Step => call("proxy_get_property", { path: path.replaceAll(".", "\0") });
const set = (path: string, value: string): Step =>
  call("proxy_set_property", { path: path.replaceAll(".", "\0"), value });
const values = (host: TestHost) =>
  calls(host, "proxy_get_property").map(({ value, status }) => (status === "Ok" ? value : status));
const int64 = (value: number) => Buffer.from(encodeProperty(value)).toString("latin1");

async function ask(paths: readonly string[], properties: Properties = {}): Promise<TestHost> {
  const filter = tinyModule({ on: { proxy_on_request_headers: paths.map(get) } });
  const host = await TestHost.load(filter, { properties, rootId: "root", pluginName: "plugin", vmId: "vm" });
  const headers = { "User-Agent": "agent", referer: "http://ref/", "x-twice": "a", "x-request-id": "id" };
  const stream = host.openStream();
  stream.requestHeaders({ ":path": "/a/b?c=d#e", ...headers });
  stream.close();
  return host;
}

describe("in the phase of request headers, the host knows", () => {
  test("the request", async () => {
    const names = ["path", "url_path", "query", "host", "scheme", "method", "useragent", "referer", "id", "protocol"];
    await using host = await ask([...names.map((name) => `request.${name}`), "request.headers.X-Twice"]);
    expect(values(host)).toEqual([
      ...["/a/b?c=d#e", "/a/b", "c=d", "host", "http", "GET", "agent", "http://ref/", "id", "HTTP/1.1"],
      "a",
    ]);
  });

  test("the plugin, the connection and the addresses", async () => {
    await using host = await ask([
      ...["plugin_name", "plugin_root_id", "plugin_vm_id", "connection_id", "connection.mtls", "destination.address"],
      ...["source.address", "destination.port", "request.size", "response.flags", "xds.listener_direction"],
    ]);
    expect(values(host)).toEqual([
      ...["plugin", "root", "vm", int64(1), "\0", "127.0.0.1:10000"],
      ...["127.0.0.1:49153", int64(10_000), int64(0), int64(0), int64(0)],
    ]);
  });

  test("nothing else", async () => {
    const unknown = ["nope", "request.nope", "request.headers.x-none", "request.path.more", "response.code"];
    await using host = await ask([...unknown, "cluster_name", "route_name", "node.id", "request.duration", ".request"]);
    expect(new Set(values(host))).toEqual(new Set(["NotFound"]));
  });

  test("maps of headers as a whole, and no other maps", async () => {
    await using host = await ask(["request", "request.headers", "response.headers", "", "request.path."]);
    expect(statuses(host, "proxy_get_property")).toEqual([
      "SerializationFailure",
      "Ok",
      "Ok",
      "SerializationFailure",
      "Ok",
    ]);
    expect(values(host)[1]).toMatch(/^\u0008\0\0\0.*:path\0\/a\/b\?c=d#e\0/s);
    expect(values(host)[2]).toBe("\0\0\0\0");
  });
});

test("what comes from headers is gone with them, and back for the log", async () => {
  const all: Body = ["request.path", "response.headers.x-up", "response.code", "request.time"].map(get);
  await using host = await load({ proxy_on_request_body: all, proxy_on_response_headers: all, proxy_on_log: all });
  await host.fetch("http://a/b", { method: "POST", body: "body" });
  const readable = calls(host, "proxy_get_property").map(({ value, status }) =>
    status === "Ok" ? (typeof value === "string" && value.startsWith("/") ? value : "a number") : status,
  );
  expect(readable).toEqual([
    ...["NotFound", "NotFound", "NotFound", "a number"], // request body
    ...["NotFound", "NotFound", "NotFound", "a number"], // its end
    ...["NotFound", "NotFound", "a number", "a number"], // response headers
    ...["/b", "NotFound", "a number", "a number"], // log
  ]);
});

test("those of the test come first, and have Envoy's encodings", async () => {
  await using host = await ask(
    ["a.b", "request.path", "int", "big", "yes", "no", "double", "date", "bytes", "filter_state.my.key"],
    {
      ...{ "a.b": "text é", "request.path": "/other", int: -2, big: 2n ** 40n, yes: true, no: false },
      ...{ double: 0.5, date: new Date(1), bytes: Uint8Array.of(1, 2), "filter_state.my.key": "dotted" },
    },
  );
  expect(values(host)).toEqual([
    ...["text é", "/other", "\u00fe" + "\u00ff".repeat(7), int64(2 ** 40), "\u0001", "\0"].map((text, index) =>
      index === 0 ? Buffer.from(text).toString("latin1") : text,
    ),
    ...["\0\0\0\0\0\0\u00e0\u003f", int64(1_000_000), "\u0001\u0002", "dotted"],
  ]);
  await using pairs = await TestHost.load(tinyModule({ on: { proxy_on_configure: [get("filter_state.a.b")] } }), {
    properties: [[["filter_state", "a", "b"], "x"]],
  });
  expect(values(pairs)).toEqual(["x"]);
});

describe("proxy_set_property", () => {
  test("is read back by a single name on the same stream, and in the filter state", async () => {
    await using host = await load({
      proxy_on_request_headers: [set("mine", "1"), set("mine", "2"), get("mine")],
      proxy_on_response_headers: [get("mine"), call("proxy_get_property", { path: "filter_state\0wasm.mine" })],
    });
    await host.fetch("http://a/");
    expect(values(host)).toEqual(["2", "2", "2"]);
  });

  test("of a path of several names is not found again, as in Envoy; nor on another stream", async () => {
    await using host = await load({
      proxy_on_request_headers: [get("mine"), set("mi.ne", "1"), get("mi.ne"), set("mine", "1")],
    });
    await host.fetch("http://a/");
    await host.fetch("http://a/");
    expect(statuses(host, "proxy_set_property")).toEqual(["Ok", "Ok", "Ok", "Ok"]);
    expect(values(host)).toEqual(["NotFound", "NotFound", "NotFound", "NotFound"]);
  });

  test("has no effect without a stream", async () => {
    await using host = await load({ proxy_on_configure: [set("mine", "1"), get("mine"), get("plugin_name")] });
    expect(host.calls.map(({ status }) => status)).toEqual(["NotFound", "NotFound", "Ok"]);
  });
});
