import { describe, expect, test } from "vitest";

import { TestHostError } from "../../host/index.ts";
import { calls, load, messages, statuses } from "./helpers.ts";
import { call, log, wat } from "./tiny-module.ts";
import type { Step } from "./tiny-module.ts";

const DOWN = 2;
const UP = 3;
const read = (buffer_type: number): Step => call("proxy_get_buffer_bytes", { buffer_type, max_size: 100 });
const set = (buffer_type: number, value: string): Step =>
  call("proxy_set_buffer_bytes", { buffer_type, size: 1000, value });
const untilEnd = wat("(i32.eqz (local.get 2))");

describe("a connection", () => {
  test("passes data through the filter in both directions", async () => {
    await using host = await load({
      proxy_on_new_connection: [log("new")],
      proxy_on_downstream_data: [read(DOWN), set(DOWN, "to upstream")],
      proxy_on_upstream_data: [read(UP), set(UP, "to client")],
    });
    const connection = host.connect();
    expect(connection.action).toBe("Continue");
    expect(connection.downstreamData("ping")).toMatchObject({ action: "Continue", text: "to upstream" });
    expect(connection.upstreamData("pong")).toMatchObject({ action: "Continue", text: "to client" });
    expect(calls(host, "proxy_get_buffer_bytes").map(({ value }) => value)).toEqual(["ping", "pong"]);
    expect([connection.upstream.text, connection.downstream.text]).toEqual(["to upstream", "to client"]);
    connection.close();
  });

  test("keeps what is paused, and shows it again with the next data", async () => {
    await using host = await load({
      proxy_on_downstream_data: { steps: [read(DOWN)], returns: untilEnd },
      proxy_on_upstream_data: { steps: [read(UP)], returns: untilEnd },
    });
    const connection = host.connect();
    expect(connection.downstreamData("one,")).toMatchObject({ action: "Pause", text: "" });
    expect(connection.downstreamData("two", { endOfStream: true })).toMatchObject({ text: "one,two" });
    connection.upstreamData("a");
    connection.upstreamData("b", { endOfStream: true });
    expect(connection.downstream).toMatchObject({ text: "ab", endOfStream: true });
    expect(calls(host, "proxy_get_buffer_bytes").map(({ value }) => value)).toEqual(["one,", "one,two", "a", "ab"]);
    connection.close();
  });

  test("goes on from the client's side only", async () => {
    await using host = await load(
      {
        proxy_on_downstream_data: { steps: [], returns: 1 },
        proxy_on_configure: [call("proxy_set_tick_period_milliseconds", { tick_period: 1 })],
        proxy_on_tick: [
          call("proxy_set_effective_context", { context_id: 2 }),
          call("proxy_continue_stream", { stream_type: 2 }),
          call("proxy_continue_stream", { stream_type: 3 }),
        ],
      },
      { clock: "manual" },
    );
    const connection = host.connect();
    connection.downstreamData("held");
    expect(connection.upstream.text).toBe("");
    await host.advance(1);
    expect(connection.upstream.text).toBe("held");
    expect(statuses(host, "proxy_continue_stream")).toEqual(["Ok", "Unimplemented"]);
    connection.close();
  });

  test("whose opening is paused gets no data before it goes on", async () => {
    await using host = await load(
      {
        proxy_on_new_connection: {
          steps: [call("proxy_set_tick_period_milliseconds", { tick_period: 1 })],
          returns: 1,
        },
        proxy_on_downstream_data: [read(DOWN)],
        proxy_on_tick: [
          call("proxy_set_effective_context", { context_id: 2 }),
          read(DOWN),
          call("proxy_continue_stream", { stream_type: 2 }),
          call("proxy_set_tick_period_milliseconds", { tick_period: 0 }),
        ],
      },
      { clock: "manual" },
    );
    const connection = host.connect();
    expect(connection.action).toBe("Pause");
    expect(connection.downstreamData("one,")).toMatchObject({ action: undefined, text: "" });
    connection.downstreamData("two");
    await host.advance(1);
    expect(connection.upstream.text).toBe("one,two");
    expect(calls(host, "proxy_get_buffer_bytes").map(({ value }) => value)).toEqual(["", "one,two"]);
    connection.close();
  });

  test("ends with done, log and delete, which is not the order of HTTP streams", async () => {
    await using host = await load({
      proxy_on_upstream_data: [log("upstream data")],
      proxy_on_upstream_connection_close: [log("upstream close")],
      proxy_on_downstream_connection_close: { steps: [log("downstream close")], returns: 0 },
      proxy_on_log: [log("log")],
      proxy_on_done: [log("done")],
      proxy_on_delete: [log("delete")],
    });
    const connection = host.connect();
    connection.upstreamData("", { endOfStream: true });
    connection.close("Local");
    connection.close();
    expect(messages(host)).toEqual(["upstream data", "upstream close", "downstream close", "done", "log", "delete"]);
    expect(connection.isClosed).toBe(true);
    expect(connection.downstreamData("late")).toMatchObject({ action: undefined, text: "" });
  });

  test.each([DOWN, UP])("is closed by the filter, by either direction (%i)", async (stream_type) => {
    await using host = await load({
      proxy_on_downstream_data: [call("proxy_close_stream", { stream_type })],
      proxy_on_downstream_connection_close: [
        wat("(if (i32.ne (local.get 1) (i32.const 1)) (then (unreachable)))"),
        log("closed"),
      ],
    });
    const connection = host.connect();
    expect(connection.downstreamData("x").text).toBe("");
    expect(messages(host)).toEqual(["closed"]);
    expect(connection.isClosed).toBe(true);
  });

  test("is closed by a trap", async () => {
    await using host = await load({ proxy_on_downstream_data: [wat("(unreachable)")] });
    const [first, second] = [host.connect(), host.connect()];
    first.downstreamData("x");
    expect([first.isClosed, second.isClosed, host.connect().isClosed]).toEqual([true, true, true]);
  });

  test("has attributes, and no headers", async () => {
    const get = (path: string): Step => call("proxy_get_property", { path: path.replaceAll(".", "\0") });
    await using host = await load({
      proxy_on_new_connection: [
        ...["source.address", "connection_id", "request.path", "request.protocol"].map(get),
        call("proxy_get_header_map_value", { map_type: 0, key: "a" }),
        call("proxy_get_header_map_pairs", { map_type: 0 }),
        call("proxy_send_local_response", { status_code: 200 }),
        read(DOWN),
      ],
    });
    host.connect().close();
    expect(host.calls.map(({ status }) => status)).toEqual([
      ...["Ok", "Ok", "NotFound", "NotFound"],
      ...["BadArgument", "Ok", "Ok", "Ok"],
    ]);
  });

  test("takes no data after its end", async () => {
    await using host = await load({});
    const connection = host.connect();
    connection.downstreamData("x", { endOfStream: true });
    expect(() => connection.downstreamData("y")).toThrow(TestHostError);
    connection.close();
  });
});
