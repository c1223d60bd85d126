/** Filters equal to the Rust SDK's examples, in a real Envoy, with what the READMEs of the Rust SDK's examples show. */

import { connect } from "node:http2";
import { request } from "node:http";
import { once } from "node:events";

import { describe, expect, test } from "vitest";

import { poll } from "../../scripts/poll.ts";
import { startFilter } from "../envoy/filter.ts";
import { frame, startGrpcUpstream } from "../envoy/grpc-upstream.ts";
import { startUpstream } from "../envoy/upstream.ts";
import { moduleOf } from "./modules.ts";

const wasm = (name: string) => moduleOf("rust", name);

/** A route that Envoy answers itself. */
const direct = (prefix: string, text: string) => ({
  match: { prefix },
  direct_response: { status: 200, body: { inline_string: text } },
});

test("hello_world is a service that logs every five seconds", async () => {
  await using filter = await startFilter(wasm("http-config"), {
    services: [{ wasm: wasm("hello-world"), vmId: "hello" }],
  });
  await filter.envoy.waitForFilterLog(/Hello, World!/);
  const line = /It's \d{4}-\d\d-\d\dT\S+Z, your lucky number is \d{1,3}\.$/;
  expect(filter.envoy.filterLog().filter((logged) => line.test(logged))).toEqual([]);
  await poll(3000, () => undefined);
  await filter.envoy.waitForFilterLog(line);
});

test("http_auth_random goes by a byte of another service's", async () => {
  const bytes = [2, 1];
  await using httpbin = await startUpstream((_request, response) => void response.end(Buffer.of(bytes.shift() ?? 0)));
  await using filter = await startFilter(wasm("http-auth-random"), {
    clusters: { httpbin: httpbin.url },
    answer: (_request, response) => void response.end("headers"),
  });
  const ask = async () => {
    const response = await fetch(`${filter.url}/headers`);
    return [response.status, await response.text(), response.headers.get("powered-by")];
  };
  expect(await ask()).toEqual([200, "headers", "proxy-wasm"]);
  expect(await ask()).toEqual([403, "Access forbidden.\n", "proxy-wasm"]);
  expect(httpbin.requests[0]).toMatchObject({ path: "/bytes/1", headers: { host: "httpbin.org" } });
  await filter.envoy.waitForFilterLog(/Access granted\./);
  await filter.envoy.waitForFilterLog(/Access forbidden\./);
});

test("http_body redacts secrets", async () => {
  const routes = [
    direct("/secret", "This secret message should not be read by anyone.\n"),
    direct("/", "Everyone may read this message.\n"),
  ];
  await using filter = await startFilter(wasm("http-body"), { routes });
  const get = async (path: string) => (await fetch(filter.url + path)).text();
  expect(await get("/hello")).toBe("Everyone may read this message.\n");
  expect(await get("/secret")).toBe("Original message body (50 bytes) redacted.\n");
});

test("http_config adds a header of its configuration", async () => {
  const config = "The secret to life is meaningless unless you discover it yourself";
  await using filter = await startFilter(wasm("http-config"), { config });
  expect((await fetch(`${filter.url}/hello`)).headers.get("custom-header")).toBe(config);
});

test("http_headers logs the headers of both sides, and answers one path", async () => {
  await using filter = await startFilter(wasm("http-headers"), { routes: [direct("/", "be welcomed!\n")] });
  const response = await fetch(`${filter.url}/hello`);
  expect(await response.text()).toBe("Hello, World!\n");
  const [completed = ""] = await filter.envoy.waitForFilterLog(/#\d+ completed\./);
  const [, id = ""] = /#(\d+)/.exec(completed) ?? [];
  for (const line of [
    `#${id} -> :authority: ${new URL(filter.url).host}`,
    `#${id} -> :path: /hello`,
    `#${id} -> :method: GET`,
    `#${id} -> :scheme: http`,
    `#${id} -> x-forwarded-proto: http`,
    `#${id} <- :status: 200`,
    `#${id} <- hello: World`,
    `#${id} <- powered-by: proxy-wasm`,
    `#${id} <- content-length: 14`,
  ]) {
    expect(filter.envoy.filterLog()).toContain(`[info] ${line}`);
  }
  expect(await (await fetch(`${filter.url}/other`)).text()).toBe("be welcomed!\n");
});

describe("grpc_auth_random", () => {
  /** A unary call over HTTP/2, as a gRPC client makes it: the answer's headers and trailers together. */
  async function call(origin: string, path: string) {
    const session = connect(origin);
    try {
      const stream = session.request({
        ":method": "POST",
        ":path": path,
        "content-type": "application/grpc",
        te: "trailers",
      });
      const seen: Record<string, unknown> = {};
      const collect = (headers: object) => {
        Object.assign(seen, headers);
      };
      stream.on("response", collect);
      stream.on("trailers", collect);
      stream.resume();
      stream.end(frame("Rust"));
      await once(stream, "close");
      return seen;
    } finally {
      session.close();
    }
  }

  test("lets calls through, or aborts them", async () => {
    const statuses = ["2", "0", "7"];
    await using grpcbin = await startGrpcUpstream({
      "/grpcbin.GRPCBin/RandomError": ({ send }) => {
        const status = statuses.shift() ?? "0";
        if (status === "0") {
          send("");
        }
        return Promise.resolve({ "grpc-status": status });
      },
      "/hello.HelloService/SayHello": ({ send }) => {
        send("hello Rust");
        return Promise.resolve(undefined);
      },
      "/grpc.reflection.v1.ServerReflection/Info": () => Promise.resolve(undefined),
    });
    await using filter = await startFilter(wasm("grpc-auth-random"), {
      clusters: { grpcbin: grpcbin.url },
      routes: [{ match: { prefix: "/" }, route: { cluster: "grpcbin" } }],
      http2: ["grpcbin"],
    });
    const hello = () => call(filter.url, "/hello.HelloService/SayHello");

    expect(await hello()).toMatchObject({ ":status": 200, "grpc-status": "0", "powered-by": "proxy-wasm" });
    expect(await hello()).toMatchObject({ ":status": 200, "grpc-status": "0" });
    await filter.envoy.waitForFilterLog(/Access granted\./, 2);
    expect(await hello()).toMatchObject({
      ":status": 200,
      "grpc-status": "10",
      "grpc-message": "Aborted by Proxy-Wasm!",
      "powered-by": "proxy-wasm",
    });
    await filter.envoy.waitForFilterLog(/Access forbidden\./);
    await call(filter.url, "/grpc.reflection.v1.ServerReflection/Info");
    expect(grpcbin.calls).toEqual([
      "/grpcbin.GRPCBin/RandomError",
      "/hello.HelloService/SayHello",
      "/grpcbin.GRPCBin/RandomError",
      "/hello.HelloService/SayHello",
      "/grpcbin.GRPCBin/RandomError",
      "/grpc.reflection.v1.ServerReflection/Info",
    ]);

    const other = await fetch(filter.url);
    expect([other.status, await other.text()]).toEqual([503, "Service accessible only to gRPC clients.\n"]);
  });
});

test("envoy_filter_metadata answers with what a Lua filter has left", async () => {
  const welcome = "Welcome, set the `x-custom-metadata` header to change the response!\n";
  const lua = `
    function envoy_on_request(handle)
      local data = handle:headers():get("x-custom-metadata")
      if data then
        handle:streamInfo():dynamicMetadata():set("envoy.filters.http.lua", "uppercased-custom-metadata", string.upper(data))
      end
    end`;
  await using filter = await startFilter(wasm("envoy-filter-metadata"), {
    routes: [direct("/", welcome)],
    firstFilters: [
      {
        name: "envoy.filters.http.lua",
        typed_config: {
          "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
          default_source_code: { inline_string: lua },
        },
      },
    ],
  });
  expect(await (await fetch(filter.url)).text()).toBe(welcome);
  const response = await fetch(filter.url, { headers: { "x-custom-metadata": "some-value" } });
  expect(await response.text()).toBe('Custom response with Envoy metadata: "SOME-VALUE"\n');
  expect(response.headers.get("uppercased-metadata")).toBe("SOME-VALUE");
});

test("envoy_tcp_routing chooses the cluster by the client's address", async () => {
  await using first = await startUpstream((_request, response) => void response.end("router1"));
  await using second = await startUpstream((_request, response) => void response.end("router2"));
  await using filter = await startFilter(wasm("envoy-tcp-routing"), {
    kind: "network",
    config: "standalone",
    clusters: { "egress-router1": first.url, "egress-router2": second.url },
  });
  const from = async (localAddress: string) => {
    const sent = request(filter.url, { localAddress, agent: false });
    sent.end();
    const [response] = (await once(sent, "response")) as [AsyncIterable<Buffer>];
    let text = "";
    for await (const chunk of response) {
      text += chunk.toString();
    }
    return text;
  };
  await filter.envoy.waitForFilterLog(/\[TCP WASM\] Configuration: "standalone"/);
  expect(await from("127.0.0.10")).toBe("router1");
  expect(await from("127.0.0.11")).toBe("router2");
  await filter.envoy.waitForFilterLog(/\[TCP WASM\] Routed source 127\.0\.0\.10:\d+ to egress-router1/);
  await filter.envoy.waitForFilterLog(/\[TCP WASM\] Routed source 127\.0\.0\.11:\d+ to egress-router2/);
});
