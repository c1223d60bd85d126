import { describe, expect, test } from "vitest";

import { TestHost } from "../../host/index.ts";
import { calls, load, messages } from "./helpers.ts";
import { call, log, tinyModule, wat } from "./tiny-module.ts";
import type { Step } from "./tiny-module.ts";

const PAUSE = 1;

const seen = (host: TestHost) => calls(host, "proxy_get_buffer_bytes").map(({ value }) => value);

const readBody = (type: number): Step => call("proxy_get_buffer_bytes", { buffer_type: type, max_size: 1000 });
/** Pauses until the body ends. */
const untilEnd = wat("(i32.eqz (local.get 2))");

describe("a body in parts", () => {
  test("gives a callback for each, which sees that part alone when the last one went on", async () => {
    await using host = await load({ proxy_on_request_body: [readBody(0)] });
    const stream = host.openStream();
    stream.requestHeaders({ ":method": "POST" });
    expect(stream.requestBody("one").upstream).toMatchObject([{ body: "one", endOfStream: false }]);
    expect(stream.requestBody("two", { endOfStream: true }).upstream).toMatchObject([
      { body: "two", endOfStream: true },
    ]);
    expect(seen(host)).toEqual(["one", "two"]);
  });

  test("that is paused is kept, and seen as a whole in the next callback", async () => {
    await using host = await load({ proxy_on_response_body: { steps: [readBody(1)], returns: untilEnd } });
    const stream = host.openStream();
    stream.requestHeaders({}, { endOfStream: true });
    expect(stream.responseHeaders().downstream).toHaveLength(1);
    expect(stream.responseBody("one,")).toMatchObject({ action: "Pause", downstream: [] });
    expect(stream.responseBody("two,")).toMatchObject({ action: "Pause", downstream: [] });
    expect(stream.responseBody("three", { endOfStream: true })).toMatchObject({
      action: "Continue",
      downstream: [{ body: "one,two,three", endOfStream: true }],
    });
    expect(seen(host)).toEqual(["one,", "one,two,", "one,two,three"]);
    expect(stream.downstream.text).toBe("one,two,three");
    expect(stream.isEnded).toBe(true);
  });

  test("can be replaced, extended at both ends, and not in between", async () => {
    const set = (offset: number, size: number, value: string): Step =>
      call("proxy_set_buffer_bytes", { buffer_type: 0, offset, size, value });
    await using host = await load({
      proxy_on_request_body: [
        set(0, 1000, "whole"),
        set(0, 0, "<"),
        set(6, 0, ">"),
        set(1, 2, "?"),
        set(0, 2, "?"),
        call("proxy_get_buffer_bytes", { buffer_type: 0, offset: 1, max_size: 5 }),
        call("proxy_get_buffer_bytes", { buffer_type: 0, offset: 100, max_size: 5 }),
        call("proxy_get_buffer_bytes", { buffer_type: 0, offset: -1, max_size: 2 }),
        call("proxy_get_buffer_status", { buffer_type: 0 }),
      ],
    });
    const stream = host.openStream();
    stream.requestHeaders();
    stream.requestBody("ignored", { endOfStream: true });
    expect(stream.upstream.text).toBe("<whole>");
    expect(calls(host, "proxy_set_buffer_bytes").map(({ status }) => status)).toEqual([
      ...["Ok", "Ok", "Ok"],
      ...["BadArgument", "BadArgument"],
    ]);
    expect(calls(host, "proxy_get_buffer_bytes")).toMatchObject([
      { value: "whole", status: "Ok" },
      { value: "", status: "Ok" },
      { value: "", status: "Ok" },
    ]);
    expect(calls(host, "proxy_get_buffer_status")).toMatchObject([{ length: 7, flags: 0 }]);
  });

  test("waits behind a pause in the headers' callback, and comes as one part", async () => {
    await using host = await load({
      proxy_on_request_headers: { steps: [], returns: PAUSE },
      proxy_on_request_body: [readBody(0)],
      proxy_on_tick: [
        call("proxy_set_effective_context", { context_id: 2 }),
        call("proxy_continue_stream", { stream_type: 0 }),
      ],
      proxy_on_configure: [call("proxy_set_tick_period_milliseconds", { tick_period: 1 })],
    });
    const stream = host.openStream();
    expect(stream.requestHeaders()).toMatchObject({ action: "Pause", upstream: [] });
    expect(stream.requestBody("one,")).toEqual({ action: undefined, upstream: [], downstream: [] });
    stream.requestBody("two");
    stream.requestTrailers({ "x-end": "1" });
    await expect.poll(() => stream.upstream.endOfStream).toBe(true);
    expect(stream.upstream.parts).toMatchObject([
      { headers: expect.anything() as unknown, endOfStream: false },
      { body: "one,two", endOfStream: false },
      { trailers: [["x-end", "1"]] },
    ]);
    expect(seen(host)).toEqual(["one,two"]);
    stream.close();
  });

  test("does not wait with allowOnHeadersStopIteration", async () => {
    const filter = tinyModule({
      on: {
        proxy_on_request_headers: { steps: [], returns: PAUSE },
        proxy_on_request_body: { steps: [readBody(0)], returns: untilEnd },
      },
    });
    await using host = await TestHost.load(filter, { allowOnHeadersStopIteration: true });
    const stream = host.openStream();
    expect(stream.requestHeaders()).toMatchObject({ action: "Pause", upstream: [] });
    expect(stream.requestBody("one,")).toMatchObject({ action: "Pause", upstream: [] });
    expect(stream.requestBody("two", { endOfStream: true }).upstream).toMatchObject([
      { endOfStream: false },
      { body: "one,two", endOfStream: true },
    ]);
  });
});

describe("proxy_continue_stream", () => {
  test("passes on what a paused body callback has seen, as it is then, and the filter sees no more of the request", async () => {
    await using host = await TestHost.load(
      tinyModule({
        on: {
          proxy_on_request_body: {
            steps: [readBody(0)],
            returns: wat("(i32.eq (local.get 1) (i32.const 4))"),
          },
          proxy_on_configure: [call("proxy_set_tick_period_milliseconds", { tick_period: 10 })],
          proxy_on_tick: [
            call("proxy_set_effective_context", { context_id: 2 }),
            readBody(0),
            call("proxy_set_buffer_bytes", { buffer_type: 0, size: 100, value: "changed," }),
            call("proxy_continue_stream", { stream_type: 0 }),
            call("proxy_get_header_map_value", { map_type: 0, key: ":path" }),
            call("proxy_set_tick_period_milliseconds", { tick_period: 0 }),
          ],
        },
      }),
      { clock: "manual" },
    );
    const stream = host.openStream();
    stream.requestHeaders();
    expect(stream.requestBody("one,").action).toBe("Pause");
    await host.advance(10);
    expect(stream.upstream.text).toBe("changed,");
    expect(stream.requestBody("three", { endOfStream: true })).toMatchObject({
      action: "Continue",
      upstream: [{ body: "three", endOfStream: true }],
    });
    expect(seen(host)).toEqual(["one,", "one,", "three"]);
    expect(calls(host, "proxy_get_header_map_value")).toMatchObject([{ status: "BadArgument" }]);
    stream.close();
  });

  test("while nothing is paused is Ok, and a warning", async () => {
    await using host = await load({ proxy_on_request_headers: [call("proxy_continue_stream", { stream_type: 0 })] });
    expect((await host.fetch("http://a/")).status).toBe(200);
    expect(calls(host, "proxy_continue_stream")).toMatchObject([{ status: "Ok" }]);
    expect(host.logs).toEqual([
      {
        level: "warn",
        message: expect.stringContaining("proxy_continue_stream(HttpRequest) while it is not paused") as string,
      },
    ]);
  });

  test("in the callback that then pauses the headers holds back the body for ever, as in Envoy", async () => {
    await using host = await load({
      proxy_on_request_headers: { steps: [call("proxy_continue_stream", { stream_type: 0 })], returns: PAUSE },
    });
    const stream = host.openStream();
    expect(stream.requestHeaders().upstream).toHaveLength(1);
    expect(stream.requestBody("body", { endOfStream: true })).toEqual({
      action: undefined,
      upstream: [],
      downstream: [],
    });
    stream.close();
  });
});

describe("trailers", () => {
  test("have callbacks in both directions, and can be changed", async () => {
    const add = (map_type: number): Step =>
      call("proxy_add_header_map_value", { map_type, key: "x-added", value: "1" });
    await using host = await load({ proxy_on_request_trailers: [add(1)], proxy_on_response_trailers: [add(3)] });
    const stream = host.openStream();
    stream.requestHeaders();
    expect(stream.requestTrailers({ "x-a": "1" }).upstream).toEqual([
      {
        trailers: [
          ["x-a", "1"],
          ["x-added", "1"],
        ],
      },
    ]);
    stream.responseHeaders();
    stream.responseTrailers({ "x-b": "1" });
    expect(stream.downstream.trailers).toEqual([
      ["x-b", "1"],
      ["x-added", "1"],
    ]);
    expect(stream.isEnded).toBe(true);
  });

  test("can be added at the end of a body that has none, and nowhere else", async () => {
    const add = call("proxy_add_header_map_value", { map_type: 3, key: "x-added", value: "1" });
    await using host = await load({ proxy_on_response_headers: [add], proxy_on_response_body: [add] });
    const stream = host.openStream();
    stream.requestHeaders({}, { endOfStream: true });
    stream.responseHeaders();
    stream.responseBody("one");
    stream.responseBody("two", { endOfStream: true });
    expect(stream.downstream.parts.slice(1)).toMatchObject([
      { body: "one", endOfStream: false },
      { body: "two", endOfStream: false },
      { trailers: [["x-added", "1"]] },
    ]);
    expect(calls(host, "proxy_add_header_map_value").map(({ status }) => status)).toEqual([
      "BadArgument",
      "BadArgument",
      "Ok",
    ]);
  });

  test("that are added to a body that waited behind a pause of the headers have their callback, as in Envoy", async () => {
    await using host = await TestHost.load(
      tinyModule({
        on: {
          proxy_on_request_headers: { steps: [], returns: PAUSE },
          proxy_on_request_body: [call("proxy_add_header_map_value", { map_type: 1, key: "x-added", value: "1" })],
          proxy_on_request_trailers: [log("trailers")],
          proxy_on_configure: [call("proxy_set_tick_period_milliseconds", { tick_period: 10 })],
          proxy_on_tick: [
            call("proxy_set_effective_context", { context_id: 2 }),
            call("proxy_continue_stream", { stream_type: 0 }),
            call("proxy_set_tick_period_milliseconds", { tick_period: 0 }),
          ],
        },
      }),
      { clock: "manual" },
    );
    const stream = host.openStream();
    stream.requestHeaders();
    stream.requestBody("body", { endOfStream: true });
    await host.advance(10);
    expect(messages(host)).toEqual(["trailers"]);
    expect(stream.upstream.trailers).toEqual([["x-added", "1"]]);
    stream.close();
  });

  test("of a paused body follow it", async () => {
    await using host = await load({
      proxy_on_request_body: { steps: [], returns: PAUSE },
      proxy_on_request_trailers: [],
    });
    const stream = host.openStream();
    stream.requestHeaders();
    stream.requestBody("body");
    expect(stream.requestTrailers({ "x-a": "1" })).toMatchObject({
      action: "Continue",
      upstream: [{ body: "body", endOfStream: false }, { trailers: [["x-a", "1"]] }],
    });
    stream.close();
  });
});
