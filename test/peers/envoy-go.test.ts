/** Filters equal to the Go SDK's examples, in a real Envoy, with what the Go SDK's own tests there expect. */

import { inflateSync } from "node:zlib";

import { describe, expect, test } from "vitest";

import { poll } from "../../scripts/poll.ts";
import { send, TcpClient } from "../envoy/client.ts";
import { startFilter } from "../envoy/filter.ts";
import { startUpstream } from "../envoy/upstream.ts";
import { moduleOf } from "./modules.ts";

const wasm = (name: string) => moduleOf("go", name);

test("helloworld logs when it starts, and at each tick", async () => {
  await using filter = await startFilter(wasm("helloworld"));
  await filter.envoy.waitForFilterLog(/OnPluginStart from Go!/);
  await filter.envoy.waitForFilterLog(/It's \d{13}: random value: \d+$/);
  await filter.envoy.waitForFilterLog(/OnTick called/);
});

test("dispatch_call_on_tick gets answers of both kinds", async () => {
  await using service = await startUpstream((request, response) => {
    response.statusCode = request.path === "/ok" ? 200 : 503;
    response.end();
  });
  await using filter = await startFilter(wasm("dispatch-call-on-tick"), { clusters: { web_service: service.url } });
  await filter.envoy.waitForFilterLog(/called 5 for contextID=\d+/);
  await filter.envoy.waitForFilterLog(/response header for the dispatched call: :status: 200/);
  await filter.envoy.waitForFilterLog(/response header for the dispatched call: :status: 503/);
});

test("foreign_call_on_tick gets what Envoy's function returns", async () => {
  await using filter = await startFilter(wasm("foreign-call-on-tick"));
  const [line = ""] = await filter.envoy.waitForFilterLog(/foreign function \(compress\) called: 5, result: /);
  expect(inflateSync(Buffer.from(line.replace(/.* /, ""), "hex")).toString()).toBe("hello world!");
});

test("http_auth_random goes by another service's answer", async () => {
  const uuids = ["7b10a67a-1c67-4199-835b-cbefcd4a63d4", "aaaaaaaa-1c67-4199-835b-cbefcd4a63d4"];
  await using httpbin = await startUpstream((_request, response) => {
    response.end(JSON.stringify({ uuid: uuids.shift() }).replace(":", ": "));
  });
  await using filter = await startFilter(wasm("http-auth-random"), { clusters: { httpbin: httpbin.url } });
  const ask = () => fetch(`${filter.url}/uuid`, { headers: { "this-is-key": "this-is-value" } });

  expect((await ask()).status).toBe(200);
  const denied = await ask();
  expect([denied.status, await denied.text()]).toEqual([403, "access forbidden"]);
  expect(httpbin.requests[0]).toMatchObject({ path: "/uuid", headers: { "this-is-key": "this-is-value" } });
  await filter.envoy.waitForFilterLog(/access granted/);
  await filter.envoy.waitForFilterLog(/access forbidden/);
  await filter.envoy.waitForFilterLog(/response header from httpbin: :status: 200/);
});

test("http_body changes a body in both directions", async () => {
  await using filter = await startFilter(wasm("http-body"), {
    answer: ({ body }, response) => void response.end(body),
  });
  const operations = {
    append: "[original body][this is appended body]",
    prepend: "[this is prepended body][original body]",
    replace: "[this is replaced body]",
    invalid: "[this is replaced body]",
  };
  for (const mode of ["request", "response"]) {
    for (const [operation, expected] of Object.entries(operations)) {
      const headers = { "buffer-replace-at": mode, "buffer-operation": operation };
      const response = await fetch(`${filter.url}/anything`, { method: "PUT", body: "[original body]", headers });
      expect(await response.text(), `${operation} of the ${mode}`).toBe(expected);
    }
    await filter.envoy.waitForFilterLog(new RegExp(`original ${mode} body: \\[original body\\]`), 4);
  }
  expect((await fetch(filter.url)).status, "without a body").toBe(400);
});

describe("http_body_chunk", () => {
  const start = () => startFilter(wasm("http-body-chunk"));

  test("answers as soon as it finds the pattern, and the upstream sees nothing", async () => {
    await using filter = await start();
    const chunks = ["chunk1...", "chunk2...", "chunk3...", "chunk4 with pattern ...", "chunk5..."];
    const answer = await send(filter.url, { chunks, headers: { "content-length": String(chunks.join("").length) } });
    expect(answer).toMatchObject({ status: 403, headers: { "powered-by": "proxy-wasm-go-sdk" } });
    expect(answer.body.toString()).toMatch(/^pattern found in chunk: [1-4]$/);
    expect(filter.upstream.requests).toEqual([]);
  });

  test("lets another body through as it was", async () => {
    await using filter = await start();
    const chunks = ["This is ", "a generic ", "payload."];
    expect((await send(filter.url, { chunks })).status).toBe(200);
    expect(filter.upstream.requests[0]?.body.toString()).toBe(chunks.join(""));
    await filter.envoy.waitForFilterLog(/pattern not found/);
  });
});

test("http_headers adds a response header of its configuration, and logs all", async () => {
  await using filter = await startFilter(wasm("http-headers"), {
    config: { header: "x-wasm-header", value: "demo-wasm" },
  });
  const response = await fetch(`${filter.url}/uuid`, { headers: { "this-is-key": "this-is-value" } });
  expect(response.headers.get("x-wasm-header")).toBe("demo-wasm");
  expect(response.headers.get("x-proxy-wasm-go-sdk-example")).toBe("http_headers");
  expect(filter.upstream.requests[0]?.headers["test"]).toBe("best");
  await filter.envoy.waitForFilterLog(/request header --> this-is-key: this-is-value/);
  await filter.envoy.waitForFilterLog(/response header <-- x-wasm-header: demo-wasm/);
  await filter.envoy.waitForFilterLog(/\d+ finished/);
  await expect(startFilter(wasm("http-headers"), { config: { header: " " } })).rejects.toThrow(
    'expected {"header": "<header name>", "value": "<header value>"}',
  );
});

test("http_routing sends some requests to the canary", async () => {
  const direct = (text: string) => ({ status: 200, body: { inline_string: text } });
  const canary = { name: ":authority", string_match: { suffix: "-canary" } };
  const routes = [
    { match: { prefix: "/", headers: [canary] }, direct_response: direct("canary") },
    { match: { prefix: "/" }, direct_response: direct("primary") },
  ];
  await using filter = await startFilter(wasm("http-routing"), { routes });
  const seen = new Set<string>();
  await poll(10_000, async () => {
    seen.add(await (await fetch(filter.url)).text());
    return seen.size === 2 ? true : undefined;
  });
  expect([...seen].sort()).toEqual(["canary", "primary"]);
});

test("json_validation lets only JSON with the keys through", async () => {
  await using filter = await startFilter(wasm("json-validation"), { config: { requiredKeys: ["id", "token"] } });
  const post = async (body: string, type = "application/json") => {
    const response = await fetch(filter.url, { method: "POST", body, headers: { "content-type": type } });
    return [response.status, await response.text()];
  };
  expect((await fetch(filter.url)).status).toBe(403);
  expect(await post('{"id": "abc123", "token": "xyz456"}')).toEqual([200, ""]);
  expect(await post('{"id": "abc123", "token": "xyz456"}', "text/plain")).toEqual([
    403,
    "content-type must be provided",
  ]);
  expect(await post('{"id": "abc123"}')).toEqual([403, "invalid payload"]);
  expect(await post("invalid")).toEqual([403, "invalid payload"]);
});

test("metrics are in Envoy's statistics with their tags", async () => {
  const statsTags = { value: "(_value=([a-zA-Z]+))", reporter: "(_reporter=([a-zA-Z]+))" };
  await using filter = await startFilter(wasm("metrics"), { statsTags });
  const counts = { foo: 3, bar: 5 };
  for (const [value, count] of Object.entries(counts)) {
    for (let i = 0; i < count; i++) {
      await fetch(filter.url, { headers: { "my-custom-header": value } });
    }
  }
  const text = await (await fetch(`${filter.envoy.admin}/stats/prometheus`)).text();
  for (const [value, count] of Object.entries(counts)) {
    expect(text).toMatch(
      new RegExp(`custom_header_value_counts\\{value="${value}",reporter="wasmgosdk"\\} ${count}$`, "m"),
    );
  }
});

test("multiple_dispatches holds a response until ten calls were answered", async () => {
  await using httpbin = await startUpstream();
  await using filter = await startFilter(wasm("multiple-dispatches"), { clusters: { httpbin: httpbin.url } });
  const response = await fetch(filter.url);
  expect([response.status, response.headers.get("total-dispatched")]).toEqual([200, "10"]);
  expect(httpbin.requests).toHaveLength(10);
  for (let pending = 9; pending > 0; pending--) {
    await filter.envoy.waitForFilterLog(new RegExp(`pending dispatched requests: ${pending}$`));
  }
  await filter.envoy.waitForFilterLog(/response resumed after processed 10 dispatched request/);
});

test("network logs a connection, its upstream's metadata, and counts", async () => {
  const location = { region: "ap-northeast-1", cloud_provider: "aws", az: "ap-northeast-1a" };
  await using filter = await startFilter(wasm("network"), {
    kind: "network",
    metadata: { upstream: { location } },
    answer: (_request, response) => void response.end("example body\n"),
  });
  const headers = { "This-Is-Key": "this-is-value", connection: "close" };
  expect((await send(filter.url, { method: "GET", headers })).body.toString()).toBe("example body\n");
  await filter.envoy.waitForFilterLog(/connection complete!/);
  const log = filter.envoy.logs();
  for (const expected of [
    "new connection!",
    ">>>>>> downstream data received >>>>>>",
    "This-Is-Key: this-is-value",
    "remote address: 127.0.0.1:",
    ...Object.entries(location).map(([key, value]) => `upstream cluster metadata location[${key}]=${value}`),
    "<<<<<< upstream data received <<<<<<",
    "example body",
    "downstream connection close!",
  ]) {
    expect(log).toContain(expected);
  }
  expect(await filter.envoy.stat("wasmcustom.proxy_wasm_go.connection_counter")).toBe(1);
});

test("postpone_requests lets requests go on at its tick", async () => {
  await using filter = await startFilter(wasm("postpone-requests"));
  expect((await fetch(filter.url)).status).toBe(200);
  const [line = ""] = await filter.envoy.waitForFilterLog(/postpone request with contextID=\d+$/);
  await filter.envoy.waitForFilterLog(new RegExp(`resume request ${line.replace(/.*(?=with)/, "")}$`));
});

test("properties of a route say what a request needs", async () => {
  const route = (prefix: string, auth?: string) => ({
    match: { prefix },
    route: { cluster: "upstream" },
    ...(auth === undefined ? {} : { metadata: { filter_metadata: { "envoy.filters.http.wasm": { auth } } } }),
  });
  const routes = [route("/one", "cookie"), route("/two", "authorization"), route("/three")];
  await using filter = await startFilter(wasm("properties"), { routes });
  const status = async (path: string, headers: Record<string, string> = {}) =>
    (await fetch(`${filter.url}${path}`, { headers })).status;
  expect(await status("/one")).toBe(401);
  expect(await status("/one", { cookie: "value" })).toBe(200);
  expect(await status("/two")).toBe(401);
  expect(await status("/two", { authorization: "token" })).toBe(200);
  expect(await status("/three")).toBe(200);
  await filter.envoy.waitForFilterLog(/auth header is "cookie"/);
  await filter.envoy.waitForFilterLog(/auth header is "authorization"/);
  await filter.envoy.waitForFilterLog(/no auth header for route/);
});

test("shared_data counts requests", async () => {
  await using filter = await startFilter(wasm("shared-data"));
  for (let i = 0; i < 10; i++) {
    expect((await fetch(filter.url)).status).toBe(200);
  }
  await filter.envoy.waitForFilterLog(/shared value: 10$/);
});

describe("shared_queue", () => {
  const module = wasm("shared-queue");
  const receiver = (config: string) => ({ wasm: module, name: config, rootId: "receiver", vmId: "receiver", config });

  test("carries headers to another VM", async () => {
    const services = [receiver("http_request_headers"), receiver("http_response_headers")];
    await using filter = await startFilter(module, { rootId: "http", vmId: "sender", services });
    expect((await fetch(filter.url)).status).toBe(200);
    await filter.envoy.waitForFilterLog(/enqueued data: \{"key":":method","value":"GET"\}/);
    await filter.envoy.waitForFilterLog(/dequeued data from http_request_headers\(.*\{"key":":method","value":"GET"\}/);
    await filter.envoy.waitForFilterLog(
      /dequeued data from http_response_headers\(.*\{"key":":status","value":"200"\}/,
    );
  });

  test("carries the hashes of a connection's data", async () => {
    const services = [receiver("tcp_data_hashes")];
    await using filter = await startFilter(module, { kind: "network", rootId: "tcp", vmId: "sender", services });
    await using client = new TcpClient(filter.url);
    client.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    await client.closed();
    await filter.envoy.waitForFilterLog(/dequeued data from tcp_data_hashes\(queueID=\d+\): [0-9a-f]{32}$/);
  });
});

test("vm_plugin_configuration logs both", async () => {
  await using filter = await startFilter(wasm("vm-plugin-configuration"), {
    vmConfig: '{"name": "vm configuration"}',
    config: '{"name": "plugin configuration"}',
  });
  await filter.envoy.waitForFilterLog(/vm config: \{"name": "vm configuration"\}/);
  await filter.envoy.waitForFilterLog(/plugin config: \{"name": "plugin configuration"\}/);
});
