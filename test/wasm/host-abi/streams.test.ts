import { describe, expect, test } from "vitest";

import { StreamResetError, TestHost, TestHostError, trailersOf, withTrailers } from "../../host/index.ts";
import { calls, load, messages } from "./helpers.ts";
import { call, log, param, tinyModule, wat, when } from "./tiny-module.ts";
import type { Body, Step } from "./tiny-module.ts";

const seen = (host: TestHost) => calls(host, "proxy_get_buffer_bytes").map(({ value }) => value);

const readBody = (type: number): Step => call("proxy_get_buffer_bytes", { buffer_type: type, max_size: 1000 });

describe("the end of a stream", () => {
  const ends: Readonly<Record<string, Body>> = {
    proxy_on_log: [log("log")],
    proxy_on_done: [log("done")],
    proxy_on_delete: [log("delete")],
  };

  test("comes by itself after the whole response", async () => {
    await using host = await load(ends);
    const stream = host.openStream();
    stream.requestHeaders({}, { endOfStream: true });
    expect(stream.isEnded).toBe(false);
    stream.responseHeaders({}, { endOfStream: true });
    expect([stream.isEnded, stream.resetReason]).toEqual([true, undefined]);
    expect(messages(host)).toEqual(["log", "done", "delete"]);
  });

  test("comes when the client leaves", async () => {
    await using host = await load(ends);
    const stream = host.openStream();
    stream.requestHeaders();
    stream.reset();
    expect(stream.resetReason).toBeInstanceOf(StreamResetError);
    expect(messages(host)).toEqual(["log", "done", "delete"]);
    expect(stream.requestBody("late")).toEqual({ action: undefined, upstream: [], downstream: [] });
  });

  test("comes when the filter closes the stream, after its callback", async () => {
    await using host = await load({
      ...ends,
      proxy_on_request_headers: [call("proxy_close_stream", { stream_type: 0 }), log("closed")],
    });
    const stream = host.openStream();
    expect(stream.requestHeaders().upstream).toEqual([]);
    expect(messages(host)).toEqual(["closed", "log", "done", "delete"]);
    await expect(host.fetch("http://a/")).rejects.toThrow("proxy_close_stream");
  });

  test("does not wait for proxy_done, but that of the plugin does", async () => {
    const host = await load({
      proxy_on_done: { steps: [call("proxy_done"), log("done")], returns: 0 },
      proxy_on_delete: [log("delete")],
      proxy_on_tick: [call("proxy_done")],
      proxy_on_configure: [call("proxy_set_tick_period_milliseconds", { tick_period: 30 })],
    });
    await host.fetch("http://a/");
    expect(messages(host)).toEqual(["done", "delete"]);
    const closed = host.close();
    expect(messages(host)).toEqual(["done", "delete", "done"]);
    await closed;
    expect(messages(host)).toEqual(["done", "delete", "done", "delete"]);
    const statuses = calls(host, "proxy_done").map(({ status }) => status);
    expect(statuses.at(-1)).toBe("Ok");
    expect(new Set(statuses.slice(0, -1))).toEqual(new Set(["NotFound"]));
  });

  test("says so when a plugin never finishes", async () => {
    const host = await load({ proxy_on_done: { steps: [], returns: 0 } });
    await host.close();
    expect(messages(host)).toEqual([expect.stringContaining("did not call proxy_done within 1000 ms")]);
  });
});

describe("a local reply", () => {
  const reply = call("proxy_send_local_response", {
    status_code: 403,
    status_code_details: "my details",
    body: "no",
    grpc_status: -1,
  });

  test("takes the place of the response, and stops the request", async () => {
    await using host = await load({ proxy_on_request_body: [reply], proxy_on_response_headers: [log("response")] });
    const stream = host.openStream();
    stream.requestHeaders();
    expect(stream.requestBody("body")).toMatchObject({
      upstream: [],
      downstream: [{ endOfStream: false }, { body: "no", endOfStream: true }],
    });
    expect(stream.downstream.headers).toContainEqual([":status", "403"]);
    expect(messages(host)).toEqual(["response"]);
    expect(stream.responseHeaders({}, { endOfStream: true }).downstream).toEqual([]);
  });

  test("after the headers of the response is a reset", async () => {
    await using host = await load({ proxy_on_response_body: [reply] });
    const stream = host.openStream();
    stream.requestHeaders({}, { endOfStream: true });
    stream.responseHeaders();
    expect(stream.responseBody("body").downstream).toEqual([]);
    expect(stream.resetReason?.message).toContain("after the headers of the response were sent");
  });

  test("to another stream stops the one whose callback it was sent in", async () => {
    await using host = await load({
      proxy_on_request_headers: {
        steps: [
          when(wat("(i32.eq (local.get 0) (i32.const 3))"), [
            call("proxy_set_effective_context", { context_id: 2 }),
            reply,
          ]),
        ],
        returns: wat("(i32.eq (local.get 0) (i32.const 2))"),
      },
    });
    const [first, second] = [host.openStream(), host.openStream()];
    expect(first.requestHeaders({}, { endOfStream: true }).action).toBe("Pause");
    expect(second.requestHeaders({}, { endOfStream: true })).toMatchObject({ action: "Pause", upstream: [] });
    expect(first.downstream.text).toBe("no");
    expect(second.isEnded).toBe(false);
    second.close();
  });
});

describe("fetch", () => {
  test("sends a body in parts, and trailers both ways", async () => {
    const filter = tinyModule({
      on: {
        proxy_on_request_body: [readBody(0)],
        proxy_on_response_body: [readBody(1)],
        proxy_on_request_trailers: [],
      },
    });
    await using host = await TestHost.load(filter, {
      async upstream(request) {
        const text = await request.text();
        const body = new ReadableStream<Uint8Array>({
          async start(controller) {
            controller.enqueue(Buffer.from(text));
            await new Promise((resolve) => setTimeout(resolve, 5));
            controller.enqueue(Buffer.from("!"));
            controller.close();
          },
        });
        return withTrailers(new Response(body), [["x-trailers", JSON.stringify(trailersOf(request))]]);
      },
    });
    async function* parts() {
      yield "one,";
      await new Promise((resolve) => setTimeout(resolve, 5));
      yield Buffer.from("two");
    }
    const response = await host.fetch("http://a/", { method: "POST", body: parts(), trailers: { "x-a": "1" } });
    expect(await response.text()).toBe("one,two!");
    expect(trailersOf(response)).toEqual([["x-trailers", '[["x-a","1"]]']]);
    expect(seen(host)).toEqual(["one,", "two", "one,two", "!"]);
    expect((await host.fetch("http://a/", { method: "POST", body: ["a", "b"] })).status).toBe(200);
    expect(seen(host).slice(4)).toEqual(["a", "b", "", "ab", "!"]);
  });

  test("rejects with what its body throws", async () => {
    await using host = await load({});
    const broken: Iterable<string> = {
      *[Symbol.iterator]() {
        yield "one";
        throw new Error("my mistake");
      },
    };
    await expect(host.fetch("http://a/", { method: "POST", body: broken })).rejects.toThrow("my mistake");
  });
});

test("events in a wrong order are the test's mistake, and said so", async () => {
  await using host = await load({});
  const stream = host.openStream();
  expect(() => stream.requestBody("x")).toThrow(TestHostError);
  expect(() => stream.responseHeaders()).toThrow("send requestHeaders first");
  stream.requestHeaders({}, { endOfStream: true });
  expect(() => stream.requestHeaders()).toThrow("send headers once");
  expect(() => stream.requestBody("x")).toThrow("the message has ended");
  expect(() => stream.responseHeaders({ "a b": "c" })).toThrow("not a header name");
  stream.close();
});

test("every parameter of a callback is the host's", async () => {
  const numbers = (count: number): Step[] => [
    ...Array.from({ length: count }, (_, index) =>
      wat(`(i32.store (i32.const ${512 + 4 * index}) ${param(index).wat})`),
    ),
    call("proxy_log", { log_level: 2, message: wat(`(i32.const 512) (i32.const ${4 * count})`) }),
  ];
  await using host = await load({ proxy_on_request_headers: { steps: numbers(3), returns: 0 } });
  const stream = host.openStream();
  stream.requestHeaders({ "x-a": "1" }, { endOfStream: true });
  const [line = ""] = messages(host);
  expect([...Buffer.from(line)].filter((_, index) => index % 4 === 0)).toEqual([stream.contextId, 5, 1]);
  stream.close();
});

test("the log shows each call between host and module when it is asked to", async () => {
  await using host = await load({ proxy_on_request_headers: [log("hello")] }, { trace: true });
  await host.fetch("http://a/");
  const lines = host.logs.map(({ level, message }) => `${level} ${message.replace(/\d{3,}/, "address")}`);
  const start = lines.indexOf("trace [host->vm] proxy_on_request_headers(2, 6, 1)");
  expect(lines.slice(start, start + 5)).toEqual([
    "trace [host->vm] proxy_on_request_headers(2, 6, 1)",
    "trace [vm->host] env.proxy_log(2, address, 5)",
    "info hello",
    "trace [vm<-host] env.proxy_log return: 0",
    "trace [host<-vm] proxy_on_request_headers return: 0",
  ]);
});

describe("an upstream whose connection breaks", () => {
  test("is answered for with 503 before its response, which the filter sees", async () => {
    await using host = await load({ proxy_on_response_headers: [] });
    const stream = host.openStream();
    stream.requestHeaders({}, { endOfStream: true });
    expect(stream.isUpstreamReset).toBe(false);
    stream.responseReset();
    expect(stream.downstream.headers).toContainEqual([":status", "503"]);
    expect(stream.downstream.text).toMatch(/reset reason: connection termination$/);
  });

  test("is answered for with 502 while the filter holds the headers, behind its back", async () => {
    await using host = await load({ proxy_on_response_headers: { steps: [log("held")], returns: 1 } });
    const stream = host.openStream();
    stream.requestHeaders({}, { endOfStream: true });
    stream.responseHeaders();
    stream.responseReset();
    expect(stream.downstream.headers).toContainEqual([":status", "502"]);
    expect(messages(host)).toEqual(["held"]);
  });

  test("resets the client's stream after the headers", async () => {
    await using host = await load({});
    const stream = host.openStream();
    stream.requestHeaders({}, { endOfStream: true });
    stream.responseHeaders();
    stream.responseReset();
    expect(stream.resetReason?.message).toBe("the upstream's response broke off");
  });
});

test("a local reply and the stream's end give up what the upstream was asked", async () => {
  await using host = await load({
    proxy_on_response_headers: [call("proxy_send_local_response", { status_code: 418 })],
  });
  const stream = host.openStream();
  stream.requestHeaders({}, { endOfStream: true });
  stream.responseHeaders();
  expect(stream.isUpstreamReset).toBe(true);
});
