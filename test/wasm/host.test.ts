import { createServer as createHttpServer, request as httpRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

import { beforeAll, describe, expect, test, vi } from "vitest";

import { buildFilter } from "../../build/pipeline.ts";
import { StreamResetError, TestHost, TestHostError } from "../host/index.ts";
import type { Handler } from "../host/index.ts";
import { tempProject } from "../temp-project.ts";
import { assemble } from "../wasm-text.ts";

/** Builds a filter from the text between the braces of defineFilter({ ... }), and what it needs beside it. */
async function build(hooks: string, helpers = ""): Promise<Uint8Array> {
  const names = "ConfigError, decodeUtf8, defineFilter, fetch, FetchError, log, Response";
  const code = `import { ${names} } from "proxy-wasm-ts";\nexport default defineFilter({${hooks}});\n${helpers}`;
  await using project = await tempProject({ "filter.ts": code });
  const entry = project.path("filter.ts");
  return (await buildFilter({ entry, outfile: project.path("filter.wasm"), typecheck: false })).wasm;
}

/** A module by hand, for what no filter in TypeScript does. */
function moduleWith(code: string): Uint8Array {
  return assemble(`(module ${code}
    (memory (export "memory") 1)
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "malloc") (param i32) (result i32) (i32.const 4096)))`);
}

/** Listens on a free port until the test ends. */
async function listen(server: Server): Promise<AsyncDisposable & { url: string }> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) =>
      server.close(() => {
        resolve();
      }),
    );
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: close };
}

const messages = (host: TestHost) => host.logs.map(({ message }) => message);
const calls = (host: TestHost, name: string) => host.calls.filter(({ call }) => call === name);

describe("headers", () => {
  let filter: Uint8Array;
  beforeAll(async () => {
    filter = await build(`
      onRequestHeaders({ headers }) {
        log.info(JSON.stringify([...headers]));
        headers.set("x-set", "new");
        headers.append("x-append", "2");
        headers.delete("x-delete");
        headers.set(":path", "/changed");
        log.info("got " + headers.get("X-Append") + " " + headers.get("x-none"));
      },
      onResponseHeaders(response) {
        response.headers.append("set-cookie", "b=2");
        response.headers.set("x-status", String(response.status));
        response.status = 201;
      },`);
  });

  test("of the request are those of Envoy, and changes arrive", async () => {
    const seen: Request[] = [];
    await using host = await TestHost.load(filter, {
      upstream: (request) => {
        seen.push(request);
        return new Response("made", { headers: [["set-cookie", "a=1"]] });
      },
    });
    const headers: [string, string][] = [
      ["X-Set", "old"],
      ["X-Append", "1"],
      ["X-Delete", "1"],
      ["x-bytes", "\u00e9\u00ff"],
    ];
    const response = await host.fetch("http://back-golang/jump?a=%20b", { headers });
    expect(JSON.parse(messages(host)[0] ?? "")).toEqual([
      [":authority", "back-golang"],
      [":path", "/jump?a=%20b"],
      [":method", "GET"],
      [":scheme", "http"],
      ["x-set", "old"],
      ["x-append", "1"],
      ["x-delete", "1"],
      ["x-bytes", "\u00e9\u00ff"],
      ["x-forwarded-proto", "http"],
      ["x-request-id", expect.stringMatching(/^[\da-f-]{36}$/)],
    ]);
    expect(messages(host)[1]).toBe("got 1, 2 null");
    expect(seen[0]?.url).toBe("http://back-golang/changed");
    expect(Object.fromEntries(seen[0]?.headers ?? [])).toMatchObject({
      "x-set": "new",
      "x-append": "1, 2",
      "x-bytes": "\u00e9\u00ff",
    });
    expect(seen[0]?.headers.has("x-delete")).toBe(false);
    expect(response.status).toBe(201);
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(response.headers.get("x-status")).toBe("200");
    expect(await response.text()).toBe("made");
  });

  test("are in the log of calls", async () => {
    await using host = await TestHost.load(filter);
    await host.fetch("http://a/");
    expect(calls(host, "proxy_remove_header_map_value")).toEqual([
      {
        call: "proxy_remove_header_map_value",
        context: 2,
        map_type: "HttpRequestHeaders",
        key: "x-delete",
        status: "Ok",
      },
    ]);
  });

  test("a body passes through", async () => {
    await using host = await TestHost.load(filter, { upstream: async (request) => new Response(await request.text()) });
    const response = await host.fetch("http://a/", { method: "POST", body: "\u00e9" });
    expect(await response.text()).toBe("\u00e9");
  });
});

test("the phases of a stream, and which headers are there in each, are Envoy's", async () => {
  const hooks = `
    state: () => ({}),
    onRequestHeaders(request) { request.state.request = request; },
    onResponseHeaders(response) { log.info("response " + see(response)); },
    onLog(response) { log.info("log " + see(response)); },
    onDone(response) { log.info("done " + see(response)); },`;
  const helpers = `
    function see(response) {
      return [response.state.request, response].map(({ headers }) => {
        const present = [...headers].length > 0 ? "present" : "absent";
        try {
          headers.set("x-test", "1");
          return present + " writable";
        } catch (error) {
          return present + (error.status === 2 ? " BadArgument" : " " + error);
        }
      }).join(", ");
    }`;
  const filter = await build(hooks, helpers);
  await using host = await TestHost.load(filter);
  await host.fetch("http://a/");
  expect(messages(host)).toEqual([
    "response absent BadArgument, present writable",
    "log present BadArgument, present BadArgument",
    "done absent BadArgument, absent BadArgument",
  ]);
});

describe("a local reply", () => {
  test("answers the stream, and is shown to the response hook", async () => {
    const filter = await build(`
      onRequestHeaders(request) {
        return request.path === "/empty" ? new Response(null, { status: 204 }) : Response.json({ no: 1 }, { status: 403 });
      },
      onResponseHeaders(response) { response.headers.set("x-seen", String(response.status)); },`);
    const upstream = vi.fn<Handler>();
    await using host = await TestHost.load(filter, { upstream });
    const response = await host.fetch("http://a/");
    expect(response.status).toBe(403);
    expect([...response.headers]).toEqual([
      ["content-length", "8"],
      ["content-type", "application/json"],
      ["x-seen", "403"],
    ]);
    expect(await response.json()).toEqual({ no: 1 });
    expect((await host.fetch("http://a/empty")).status).toBe(204);
    expect(upstream).not.toHaveBeenCalled();
  });

  test("of the response hook takes the response's place, and is not shown again", async () => {
    const filter = await build(`
      async onResponseHeaders(response, { fetch }) {
        log.info("seen " + response.status);
        await fetch("/", { cluster: "slow" });
        return new Response("replaced", { status: 418 });
      },`);
    await using host = await TestHost.load(filter, { clusters: { slow: () => new Response() } });
    const response = await host.fetch("http://a/");
    expect([response.status, await response.text()]).toEqual([418, "replaced"]);
    expect(messages(host)).toEqual(["seen 200"]);
  });
});

describe("a call", () => {
  let filter: Uint8Array;
  beforeAll(async () => {
    filter = await build(`
      async onRequestHeaders(request) {
        const [, cluster, timeout] = request.path.split("/");
        const body = request.headers.get("x-body") ?? undefined;
        try {
          const answer = await fetch("/path", { cluster, authority: "back.example", timeoutMs: Number(timeout), method: body ? "POST" : "GET", body });
          log.info([answer.status, answer.headers.get("x-answer"), answer.text()].join(" "));
        } catch (error) {
          log.info(error.reason);
        }
        request.headers.set("x-jump", "done");
      },`);
  });

  test("pauses the stream until its answer is there", async () => {
    const seen: Request[] = [];
    await using host = await TestHost.load(filter, {
      clusters: {
        back: async (request) => {
          await sleep(20);
          return new Response(await request.text(), { status: 418, headers: { "x-answer": "yes" } });
        },
      },
      upstream: (request) => {
        seen.push(request);
        return new Response();
      },
    });
    await host.fetch("http://a/back/1000", { headers: { "x-body": "sent" } });
    expect(messages(host)).toEqual(["418 yes sent"]);
    expect(seen[0]?.headers.get("x-jump")).toBe("done");
    expect(calls(host, "proxy_http_call")).toEqual([
      {
        call: "proxy_http_call",
        context: 2,
        upstream_name: "back",
        headers: [
          [":method", "POST"],
          [":path", "/path"],
          [":authority", "back.example"],
        ],
        body: "sent",
        trailers: [],
        timeout: 1000,
        call_id: 4,
        status: "Ok",
      },
    ]);
    expect(calls(host, "proxy_continue_stream")).toMatchObject([{ context: 2, stream_type: "HttpRequest" }]);
  });

  test("can go to a real service", async () => {
    const server = createHttpServer((request, response) => {
      response.writeHead(200, ["x-answer", "yes", "x-answer", "twice"]);
      response.end(`${request.method ?? ""} ${request.headers.host ?? ""}${request.url ?? ""}`);
    });
    await using service = await listen(server);
    await using host = await TestHost.load(filter, { clusters: { back: service.url } });
    await host.fetch("http://a/back/1000");
    expect(messages(host)).toEqual(["200 yes, twice GET back.example/path"]);
  });

  test("fails as in Envoy", async () => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.once("data", () => socket.resetAndDestroy());
    });
    await using resetting = await listen(server);
    await using refusing = await listen(createServer());
    await refusing[Symbol.asyncDispose]();
    const broken = () =>
      new ReadableStream({
        async pull(controller) {
          await sleep(10);
          controller.error(new Error("cut"));
        },
      });
    await using host = await TestHost.load(filter, {
      clusters: {
        refused: refusing.url,
        reset: resetting.url,
        slow: () => sleep(60_000, new Response(), { ref: false }),
        throws: () => {
          throw new Error("my mistake");
        },
        cut: () => new Response(broken()),
      },
    });
    for (const path of ["/unknown/100", "/refused/1000", "/reset/1000", "/slow/30", "/cut/1000", "/throws/1000"]) {
      expect((await host.fetch(`http://a${path}`)).status).toBe(200);
    }
    expect(messages(host)).toEqual([
      "unknown-cluster",
      "connection-failed",
      "connection-reset",
      "timeout",
      "incomplete",
      "the handler of cluster throws threw, which is a connection failure: my mistake",
      "connection-failed",
    ]);
    const statuses = calls(host, "proxy_http_call").map(({ status }) => status);
    expect(statuses).toEqual(["BadArgument", "Ok", "Ok", "Ok", "Ok", "Ok"]);
  });

  test("is answered when its stream has gone, too", async () => {
    const late = await build(`
      async onRequestHeaders(request) {
        await fetch("/", { cluster: "slow" });
        log.info("answered");
        try { request.headers.set("x-late", "1"); } catch (error) { log.info(error.name); }
      },
      onLog() { log.info("log"); },
      onDone() { log.info("done"); },`);
    await using host = await TestHost.load(late, { clusters: { slow: () => sleep(60, new Response()) } });
    const leaving = new AbortController();
    const response = host.fetch("http://a/", { signal: leaving.signal });
    await sleep(20);
    leaving.abort(new Error("left"));
    await expect(response).rejects.toThrow("left");
    expect(messages(host)).toEqual(["log", "done"]);
    await vi.waitFor(() => {
      expect(messages(host)).toEqual(["log", "done", "answered", "StreamEndedError"]);
    });
    expect((await host.fetch("http://a/")).status).toBe(200);
  });

  test("of each of 50 requests at once gets its own answer", async () => {
    const echo = await build(`
      async onRequestHeaders(request) {
        const answer = await fetch(request.path, { cluster: "echo" });
        request.headers.set("x-answer", answer.text());
      },`);
    await using host = await TestHost.load(echo, {
      clusters: {
        echo: async (request) => {
          await sleep(Math.random() * 30);
          return new Response(new URL(request.url).pathname);
        },
      },
      upstream: (request) => new Response(`${request.url} ${request.headers.get("x-answer") ?? ""}`),
    });
    const paths = Array.from({ length: 50 }, (_, index) => `/${index}`);
    const answers = paths.map(async (path) => await (await host.fetch(`http://a${path}`)).text());
    expect(await Promise.all(answers)).toEqual(paths.map((path) => `http://a${path} ${path}`));
  });
});

describe("a filter that does not start", () => {
  test("is refused with its log", async () => {
    const filter = await build(
      `config(json) { if (!json?.cluster) throw new ConfigError("cluster is missing"); return json; }`,
    );
    const refused = TestHost.load(filter, { config: { other: 1 } });
    await expect(refused).rejects.toThrow(TestHostError);
    await expect(refused).rejects.toThrow(/proxy_on_configure returned false[^]*\[error\].*cluster is missing/);
    await using host = await TestHost.load(filter, { config: { cluster: "a" } });
    expect((await host.fetch("http://a/")).status).toBe(200);
  });

  test.each([
    [
      "a file that is not there",
      "/nowhere/filter.wasm",
      /cannot read .*no such file.*Build it first: npm run build:wasm/,
    ],
    ["its source", new TextEncoder().encode("export default {}"), /not a WebAssembly module.*npm run build:wasm/],
    ["a broken module", Uint8Array.of(0, 97, 115, 109, 9, 9, 9, 9), /not a valid WebAssembly module/],
    ["no Proxy-Wasm module", Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0), /does not export memory/],
    [
      "other imports",
      moduleWith('(import "env" "fopen" (func $f))'),
      /imports what no.*offers: env\.fopen \(function\)/,
    ],
    ["something else", {}, /needs a path, the bytes of a module, a WebAssembly.Module/],
  ])("%s", async (_what, source, message) => {
    const refused = TestHost.load(source);
    await expect(refused).rejects.toThrow(TestHostError);
    await expect(refused).rejects.toThrow(message);
  });

  test("a URL that is none", async () => {
    const filter = moduleWith("");
    for (const url of ["back-python:5000", "https://back", "http://back/path"]) {
      await expect(TestHost.load(filter, { clusters: { back: url } })).rejects.toThrow(/^cluster back: .*must be like/);
    }
  });
});

test("a trap fails the module: 503 from then on, for waiting streams too", async () => {
  const filter = moduleWith(`
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (if (i32.gt_u (local.get 1) (i32.const 6)) (then (unreachable)))
      (i32.const 1))`);
  await using host = await TestHost.load(filter);
  const waiting = host.fetch("http://a/");
  await sleep(10);
  expect((await host.fetch("http://a/", { headers: { trap: "yes" } })).status).toBe(503);
  expect((await waiting).status).toBe(503);
  expect((await host.fetch("http://a/")).status).toBe(503);
  const [line, ...others] = host.logs;
  expect(line?.level).toBe("error");
  expect(line?.message).toMatch(/^Function: proxy_on_request_headers failed: .*unreachable/);
  expect(others).toEqual([]);
});

test("body callbacks can change a body", async () => {
  const filter = moduleWith(`
    (import "env" "proxy_set_buffer_bytes" (func $set (param i32 i32 i32 i32 i32) (result i32)))
    (data (i32.const 0) "<>")
    (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
      (if (local.get 1) (then (drop (call $set (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1)))))
      (i32.const 0))
    (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32)
      (if (local.get 1) (then (drop (call $set (i32.const 1) (local.get 1) (i32.const 0) (i32.const 1) (i32.const 1)))))
      (i32.const 0))`);
  await using host = await TestHost.load(filter, { upstream: async (request) => new Response(await request.text()) });
  const response = await host.fetch("http://a/", { method: "POST", body: "body" });
  expect(await response.text()).toBe("<body>");
});

test("what a module asks for wrongly is refused", async () => {
  const filter = moduleWith(`
    (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
    (import "env" "proxy_get_header_map_size" (func $size (param i32 i32) (result i32)))
    (import "env" "proxy_set_effective_context" (func $context (param i32) (result i32)))
    (import "env" "proxy_define_metric" (func $metric (param i32 i32 i32 i32) (result i32)))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (drop (call $log (i32.const 2) (i32.const -8) (i32.const 100)))
      (drop (call $size (i32.const 0) (i32.const 65534)))
      (drop (call $context (i32.const 99)))
      (drop (call $metric (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
      (i32.const 0))`);
  await using host = await TestHost.load(filter);
  expect((await host.fetch("http://a/")).status).toBe(200);
  const statuses = host.calls.map(({ status }) => status);
  expect(statuses).toEqual(["InvalidMemoryAccess", "InvalidMemoryAccess", "BadArgument", "Ok"]);
});

test("WASI has a clock, random numbers and output to the log; exiting is a failure", async () => {
  const filter = moduleWith(`
    (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (data (i32.const 0) "\\10\\00\\00\\00\\06\\00\\00\\00") (; at 16, 6 bytes ;)
    (data (i32.const 16) "hello\\n")
    (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
      (if (call $clock (i32.const 0) (i64.const 1) (i32.const 64)) (then (return (i32.const 0))))
      (if (i64.eqz (i64.load (i32.const 64))) (then (return (i32.const 0))))
      (if (call $random (i32.const 72) (i32.const 16)) (then (return (i32.const 0))))
      (if (i64.eqz (i64.load (i32.const 72))) (then (return (i32.const 0))))
      (if (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64)) (then (return (i32.const 0))))
      (i32.eq (call $close (i32.const 1)) (i32.const 8)))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (call $exit (i32.const 3))
      (i32.const 0))`);
  await using host = await TestHost.load(filter);
  expect(host.logs).toEqual([{ level: "info", message: "hello" }]);
  expect((await host.fetch("http://a/")).status).toBe(503);
  expect(messages(host)[1]).toContain("the module called proc_exit(3)");
});

describe("listen", () => {
  let filter: Uint8Array;
  beforeAll(async () => {
    filter = await build(`
      async onRequestHeaders(request) {
        log.info(request.headers.getAll("x-twice").join("|") + " " + request.authority);
        if (request.path === "/wait") await fetch("/", { cluster: "never" });
      },
      onResponseHeaders(response) { response.headers.append("x-filter", "yes"); },
      onDone() { log.info("done"); },`);
  });

  function get(url: string, path: string, body = ""): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const headers = ["host", "back-golang", "x-twice", "a", "x-twice", "b", "content-length", String(body.length)];
      const request = httpRequest(url, { path, method: "POST", headers, agent: false });
      request.on("response", resolve).on("error", reject).end(body);
    });
  }

  test("is an HTTP proxy in front of the upstream", async () => {
    await using host = await TestHost.load(filter, {
      upstream: async (request) => {
        const headers: [string, string][] = [
          ["set-cookie", "a=1"],
          ["set-cookie", "b=2"],
        ];
        return new Response(`${request.method} ${request.url} ${await request.text()}`, { status: 202, headers });
      },
    });
    await using proxy = await host.listen();
    expect(proxy.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const response = await get(proxy.url, "/jump?a=1", "sent");
    expect(response.statusCode).toBe(202);
    expect(response.headers["set-cookie"]).toEqual(["a=1", "b=2"]);
    expect(response.headers["x-filter"]).toBe("yes");
    expect(await text(response)).toBe("POST http://back-golang/jump?a=1 sent");
    expect(await text(await get(proxy.url, "http://other/x"))).toBe("POST http://other/x ");
    expect(messages(host)).toEqual(["a|b back-golang", "done", "a|b other", "done"]);
    const port = Number(new URL(proxy.url).port);
    await expect(host.listen({ port })).rejects.toThrow(/cannot listen on 127\.0\.0\.1:\d+.*in use/);
  });

  test("trailers pass through in both directions", async () => {
    const server = createHttpServer((request, response) => {
      request.resume().on("end", () => {
        response.writeHead(200, { "transfer-encoding": "chunked" });
        response.addTrailers({ "x-got": request.trailers["x-trailer"] ?? "nothing" });
        response.end("body");
      });
    });
    await using service = await listen(server);
    const doubling = moduleWith(`
      (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
      (data (i32.const 0) "x-trailer2")
      (func (export "proxy_on_request_trailers") (param i32 i32) (result i32)
        (call $add (i32.const 1) (i32.const 0) (i32.const 9) (i32.const 9) (i32.const 1)))
      (func (export "proxy_on_response_trailers") (param i32 i32) (result i32)
        (call $add (i32.const 3) (i32.const 0) (i32.const 9) (i32.const 9) (i32.const 1)))`);
    await using host = await TestHost.load(doubling, { upstream: service.url });
    await using proxy = await host.listen();
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { "transfer-encoding": "chunked" };
      const request = httpRequest(proxy.url, { method: "POST", headers, agent: false });
      request.on("response", resolve).on("error", reject);
      request.addTrailers({ "x-trailer": "1" });
      request.end("sent");
    });
    expect(await text(response)).toBe("body");
    expect(response.trailers).toEqual({ "x-got": "1, 2", "x-trailer": "2" });
  });

  test("a client that leaves resets its stream", async () => {
    await using host = await TestHost.load(filter, {
      clusters: { never: () => new Promise<Response>(() => undefined) },
    });
    await using proxy = await host.listen();
    const request = httpRequest(proxy.url, { path: "/wait", headers: { host: "a" }, agent: false });
    request.on("error", () => undefined).end();
    await vi.waitFor(() => {
      expect(messages(host)).toHaveLength(1);
    });
    request.destroy();
    await vi.waitFor(() => {
      expect(messages(host)).toEqual([" a", "done"]);
    });
  });
});

test("closing the host ends what waits, and says so", async () => {
  const filter = moduleWith(
    '(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 1))',
  );
  const host = await TestHost.load(filter);
  const waiting = host.fetch("http://a/");
  const rejected = expect(waiting).rejects.toThrow(StreamResetError);
  await sleep(10);
  await host.close();
  await rejected;
  await expect(host.fetch("http://a/")).rejects.toThrow("the test host is closed");
});

test("fetch refuses what cannot be sent", async () => {
  await using host = await TestHost.load(moduleWith(""));
  await expect(host.fetch("/jump")).rejects.toThrow("the URL must be like http://back-golang/jump, not /jump");
  await expect(host.fetch("http://a/", { headers: { "a b": "c" } })).rejects.toThrow('"a b" is not a header name');
  await expect(host.fetch("http://a/", { headers: { a: "b\r\nc" } })).rejects.toThrow("line break");
  await expect(host.fetch("http://a/", { headers: { a: "\u20ac" } })).rejects.toThrow("above U+00FF");
});
