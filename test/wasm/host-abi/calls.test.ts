import { setTimeout as sleep } from "node:timers/promises";

import { describe, expect, test } from "vitest";

import { trailersOf, withTrailers } from "../../host/index.ts";
import type { Handler } from "../../host/index.ts";
import { calls, load, messages, statuses } from "./helpers.ts";
import { call, log, wat, when } from "./tiny-module.ts";
import type { Argument, Step } from "./tiny-module.ts";

const HEADERS = [
  [":method", "POST"],
  [":path", "/call"],
  [":authority", "back"],
] as const;

const httpCall = (given: Readonly<Record<string, Argument>> = {}): Step =>
  call("proxy_http_call", { upstream_name: "back", headers: HEADERS, timeout: 1000, ...given });

const readAnswer: readonly Step[] = [
  call("proxy_get_header_map_pairs", { map_type: 6 }),
  call("proxy_get_header_map_pairs", { map_type: 7 }),
  call("proxy_get_header_map_value", { map_type: 6, key: ":status" }),
  call("proxy_get_buffer_bytes", { buffer_type: 4, max_size: 100 }),
];

describe("an HTTP call", () => {
  test("carries a body, and brings body and trailers of the answer, to a root context too; its own trailers are not sent", async () => {
    const seen: unknown[] = [];
    const back: Handler = async (request) => {
      seen.push(request.method, await request.text(), trailersOf(request));
      return withTrailers(new Response("answer", { headers: { "x-a": "1" } }), [["x-end", "2"]]);
    };
    await using host = await load(
      {
        proxy_on_configure: [httpCall({ body: "question", trailers: [["x-end", "1"]] })],
        proxy_on_http_call_response: [
          ...readAnswer,
          when(wat("(i32.ne (local.get 4) (i32.const 1))"), [log("no trailers")]),
        ],
        proxy_on_queue_ready: readAnswer,
      },
      { clusters: { back } },
    );
    await host.advance(0);
    expect(seen).toEqual(["POST", "question", []]);
    expect(messages(host)).toEqual(["the trailers of the call to back are not sent: Envoy 1.40 sends none of calls"]);
    expect(calls(host, "proxy_get_header_map_pairs")).toMatchObject([
      { context: host.contextId, map: expect.arrayContaining([["x-a", "1"]]) as unknown },
      { map: [["x-end", "2"]] },
    ]);
    expect(calls(host, "proxy_get_buffer_bytes")).toMatchObject([{ value: "answer", status: "Ok" }]);
  });

  test("to a cluster without endpoints is an internal failure, and uses up an id", async () => {
    await using host = await load(
      { proxy_on_configure: [httpCall({ upstream_name: "empty" }), httpCall()] },
      { clusters: { empty: null, back: () => new Response() } },
    );
    expect(calls(host, "proxy_http_call")).toMatchObject([{ status: "InternalFailure" }, { status: "Ok", call_id: 8 }]);
  });

  test("times out by the manual clock, with Envoy's answer", async () => {
    await using host = await load(
      { proxy_on_configure: [httpCall()], proxy_on_http_call_response: readAnswer },
      { clusters: { back: () => new Promise<Response>(() => undefined) }, clock: "manual" },
    );
    await host.advance(999);
    expect(calls(host, "proxy_get_buffer_bytes")).toEqual([]);
    await host.advance(1);
    expect(calls(host, "proxy_get_header_map_value")).toMatchObject([{ value: "504" }]);
    expect(calls(host, "proxy_get_buffer_bytes")).toMatchObject([{ value: "upstream request timeout" }]);
  });

  test("that breaks off has no headers, and a status until its callback ends", async () => {
    const status = call("proxy_get_status");
    await using host = await load(
      { proxy_on_configure: [httpCall(), status], proxy_on_http_call_response: [status, ...readAnswer] },
      { clusters: { back: () => new Response(new ReadableStream({ pull: () => Promise.reject(new Error("cut")) })) } },
    );
    await host.advance(0);
    expect(calls(host, "proxy_get_status")).toMatchObject([
      { status_code: 0, message: "" },
      { status_code: 11, message: "reset" },
    ]);
    expect(statuses(host, "proxy_get_header_map_value")).toEqual(["BadArgument"]);
    expect(statuses(host, "proxy_get_buffer_bytes")).toEqual(["NotFound"]);
  });

  test("is refused without a known cluster, or what every request has, or with a bad timeout or pointer", async () => {
    await using host = await load(
      {
        proxy_on_configure: [
          httpCall({ upstream_name: "nowhere" }),
          httpCall({ headers: HEADERS.slice(1) }),
          httpCall({ timeout: -1 }),
          httpCall({ call_id: 0x7fff_ffff }),
          httpCall({ body: wat("(i32.const -8) (i32.const 9)") }),
        ],
      },
      { clusters: { back: () => new Response() } },
    );
    expect(statuses(host, "proxy_http_call")).toEqual([
      ...["BadArgument", "BadArgument", "BadArgument"],
      ...["InvalidMemoryAccess", "InvalidMemoryAccess"],
    ]);
  });

  test("is forgotten when its plugin ends", async () => {
    let isCancelled = false;
    const host = await load(
      { proxy_on_configure: [httpCall()], proxy_on_http_call_response: [log("answered")] },
      {
        clusters: {
          async back({ signal }) {
            signal.addEventListener("abort", () => (isCancelled = true));
            await sleep(20);
            return new Response();
          },
        },
      },
    );
    await host.advance(0);
    await host.close();
    await sleep(30);
    expect(isCancelled).toBe(true);
    expect(messages(host)).toEqual([]);
  });
});

describe("foreign functions", () => {
  const foreign = (name: string, given: Readonly<Record<string, Argument>> = {}): Step =>
    call("proxy_call_foreign_function", { name, ...given });

  test("are those of the test, and some of Envoy's", async () => {
    await using host = await load(
      {
        proxy_on_configure: [
          foreign("upper", { arguments: "text" }),
          foreign("nothing"),
          foreign("throws"),
          foreign("unknown"),
          foreign("uncompress", { arguments: "not compressed" }),
          foreign("upper", { arguments: "unwanted", results: wat("(i32.const 0) (i32.const 0)") }),
        ],
      },
      {
        foreignFunctions: {
          upper: (argument) => Buffer.from(Buffer.from(argument).toString().toUpperCase()),
          nothing: () => undefined,
          throws: () => {
            throw new Error("my mistake");
          },
        },
      },
    );
    expect(calls(host, "proxy_call_foreign_function")).toMatchObject([
      { results: "TEXT", status: "Ok" },
      { results: "", status: "Ok" },
      { status: "BadArgument" },
      { status: "NotFound" },
      { status: "SerializationFailure" },
      { status: "Ok" },
    ]);
    expect(messages(host)[0]).toBe("the foreign function throws threw, which is a refusal: my mistake");
  });

  test("clear_route_cache counts for streams", async () => {
    await using host = await load({
      proxy_on_configure: [foreign("clear_route_cache")],
      proxy_on_request_headers: [foreign("clear_route_cache")],
    });
    expect(host.routeCacheClears).toBe(0);
    await host.fetch("http://a/");
    expect(host.routeCacheClears).toBe(1);
    expect(statuses(host, "proxy_call_foreign_function")).toEqual(["Ok", "Ok"]);
  });

  test("can be called in the filter, with data", async () => {
    const read = call("proxy_get_buffer_bytes", { buffer_type: 8, max_size: 100 });
    await using host = await load({
      proxy_on_foreign_function: [read, when(wat("(i32.eq (local.get 1) (i32.const 7))"), [log("seven")])],
      proxy_on_request_headers: [read],
    });
    host.callForeign(7, "data");
    host.callForeign(8);
    await host.fetch("http://a/");
    expect(calls(host, "proxy_get_buffer_bytes").map(({ value }) => value)).toEqual(["data", "", ""]);
    expect(messages(host)).toEqual(["seven"]);
  });
});
