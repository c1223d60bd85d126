import { setTimeout as sleep } from "node:timers/promises";

import { describe, expect, test } from "vitest";

import type { GrpcServices, TestHost } from "../../host/index.ts";
import { calls, load, messages, statuses } from "./helpers.ts";
import { call, log, param, slot, wat } from "./tiny-module.ts";
import type { Argument, Step, TinyModule } from "./tiny-module.ts";

// Ids, statuses, messages and the order of callbacks were measured in Envoy 1.40.

/** A serialized envoy.config.core.v3.GrpcService with this cluster. */
function grpcService(cluster: string): Uint8Array {
  const name = Buffer.from(cluster);
  return Uint8Array.of(0x0a, name.length + 2, 0x0a, name.length, ...name);
}

const target = { upstream_name: "back", service_name: "pkg.Service", method_name: "Echo" };
const grpcCall = (given: Readonly<Record<string, Argument>> = {}): Step =>
  call("proxy_grpc_call", { ...target, message: "question", ...given });
const grpcStream = (given: Readonly<Record<string, Argument>> = {}): Step =>
  call("proxy_grpc_stream", { ...target, ...given });
const send = (message: string, end_of_stream = 0): Step =>
  call("proxy_grpc_send", { stream_id: slot("stream_id"), message, end_of_stream });

const status = call("proxy_get_status");
const callbacks: TinyModule["on"] = {
  proxy_on_grpc_receive_initial_metadata: [
    log("initial"),
    call("proxy_get_header_map_value", { map_type: 4, key: "x-initial" }),
  ],
  proxy_on_grpc_receive: [
    log("receive"),
    call("proxy_get_buffer_bytes", { buffer_type: 5, max_size: 100 }),
    call("proxy_get_buffer_status", { buffer_type: 5 }),
  ],
  proxy_on_grpc_receive_trailing_metadata: [
    log("trailing"),
    call("proxy_get_header_map_value", { map_type: 5, key: "x-trailing" }),
  ],
  proxy_on_grpc_close: [
    log("close"),
    wat(`(i32.store (i32.const 512) ${param(1).wat})`),
    wat(`(i32.store (i32.const 516) ${param(2).wat})`),
    call("proxy_log", { log_level: 0, message: wat("(i32.const 512) (i32.const 8)") }),
    status,
  ],
};

const echo: GrpcServices = {
  back: {
    "pkg.Service/Echo": (message) => Buffer.concat([Buffer.from("echo: "), message]),
    "pkg.Service/Fail": () => {
      throw Object.assign(new Error("no 50%"), { code: 5 });
    },
    "pkg.Service/Throw": () => {
      throw new Error("my mistake");
    },
    "pkg.Service/Never": async () => {
      await sleep(60_000, undefined, { ref: false });
      return new Uint8Array();
    },
    "pkg.Service/Nothing": {
      stream: async function* () {
        await Promise.resolve();
      },
    },
    "pkg.Service/Chat": {
      stream: async function* (requests, info) {
        info.initialMetadata.push(["x-initial", info.metadata.map(([name, value]) => `${name}=${value}`).join()]);
        for await (const message of requests) {
          yield Buffer.concat([Buffer.from("> "), message]);
        }
        info.trailingMetadata.push(["x-trailing", "end"]);
      },
    },
  },
};

const happened = (host: TestHost) => host.logs.filter(({ level }) => level === "info").map(({ message }) => message);
/** The ids and statuses that streams and calls were closed with. */
const closed = (host: TestHost) =>
  host.logs
    .filter(({ level }) => level === "trace")
    .map(({ message }) => [message.charCodeAt(0), message.charCodeAt(4)]);

describe("a gRPC call", () => {
  test("that is answered gives proxy_on_grpc_receive alone, on the root context", async () => {
    await using host = await load({ ...callbacks, proxy_on_request_headers: [grpcCall()] }, { grpc: echo });
    await host.fetch("http://a/");
    await host.advance(0);
    expect(calls(host, "proxy_grpc_call")).toMatchObject([{ call_id: 5, status: "Ok" }]);
    expect(happened(host)).toEqual(["receive"]);
    expect(calls(host, "proxy_get_buffer_bytes")).toMatchObject([{ context: 1, value: "echo: question" }]);
    expect(calls(host, "proxy_get_buffer_status")).toMatchObject([{ length: 14 }]);
  });

  test.each([
    ["Fail", 5, "no 50%25{via_upstream}"],
    ["Throw", 2, "my mistake{via_upstream}"],
    ["Unknown", 12, "unknown method pkg.Service/Unknown{via_upstream}"],
    ["Nothing", 13, ""],
  ])("that fails gives proxy_on_grpc_close alone: %s", async (method_name, code, message) => {
    await using host = await load({ ...callbacks, proxy_on_configure: [grpcCall({ method_name })] }, { grpc: echo });
    await host.advance(0);
    expect(happened(host)).toEqual(["close"]);
    expect(closed(host)).toEqual([[5, code]]);
    expect(calls(host, "proxy_get_status")).toMatchObject([{ status_code: code, message }]);
  });

  test("times out", async () => {
    await using host = await load(
      { ...callbacks, proxy_on_configure: [grpcCall({ method_name: "Never", timeout: 50 })] },
      { grpc: echo, clock: "manual" },
    );
    await host.advance(50);
    expect(calls(host, "proxy_get_status")).toMatchObject([
      { status_code: 14, message: "upstream request timeout{response_timeout}" },
    ]);
  });

  test("names its cluster, or a service that is a protobuf message", async () => {
    await using host = await load(
      {
        ...callbacks,
        proxy_on_configure: [
          grpcCall({ upstream_name: grpcService("back") }),
          grpcCall({ upstream_name: "nowhere" }),
          grpcCall({ upstream_name: grpcService("nowhere") }),
          grpcCall({ upstream_name: "" }),
        ],
      },
      { grpc: echo },
    );
    expect(statuses(host, "proxy_grpc_call")).toEqual(["Ok", "ParseFailure", "InternalFailure", "BadArgument"]);
    // Envoy tells of a cluster that is not there with an id that the filter never got.
    expect(closed(host)).toEqual([[9, 14]]);
    expect(calls(host, "proxy_get_status")).toMatchObject([{ status_code: 14, message: "Cluster not available" }]);
    expect(messages(host).join()).toContain("Envoy 1.40 crashes");
    await host.advance(0);
    expect(happened(host)).toEqual(["close", "receive"]);
  });

  test("is not heard of after it was cancelled", async () => {
    const cancel = call("proxy_grpc_cancel", { call_or_stream_id: slot("call_id") });
    await using host = await load({ ...callbacks, proxy_on_configure: [grpcCall(), cancel, cancel] }, { grpc: echo });
    await host.advance(0);
    expect(statuses(host, "proxy_grpc_cancel")).toEqual(["Ok", "NotFound"]);
    expect(happened(host)).toEqual([]);
  });
});

describe("a gRPC stream", () => {
  const open = grpcStream({ method_name: "Chat", initial_metadata: [["x-a", "b"]] });
  const close = call("proxy_grpc_close", { call_or_stream_id: slot("stream_id") });

  test("has metadata, messages, metadata and an end, in this order", async () => {
    await using host = await load(
      { ...callbacks, proxy_on_configure: [open, send("one"), send("two", 1)], proxy_on_tick: [close] },
      { grpc: echo },
    );
    await host.advance(0);
    expect(calls(host, "proxy_grpc_stream")).toMatchObject([{ stream_id: 6, status: "Ok" }]);
    expect(happened(host)).toEqual(["initial", "receive", "receive", "trailing", "close"]);
    expect(calls(host, "proxy_get_header_map_value").map(({ value }) => value)).toEqual(["x-a=b", "end"]);
    expect(calls(host, "proxy_get_buffer_bytes").map(({ value }) => value)).toEqual(["> one", "> two"]);
    expect(closed(host)).toEqual([[6, 0]]);
    expect(calls(host, "proxy_get_status")).toMatchObject([{ status_code: 0, message: "via_upstream" }]);
  });

  test("ends when the filter closes its side, and is forgotten when both are closed", async () => {
    await using host = await load(
      {
        ...callbacks,
        proxy_on_configure: [open, send("one"), close],
        proxy_on_request_headers: [close, send("late")],
      },
      { grpc: echo },
    );
    await host.advance(0);
    expect(happened(host)).toEqual(["initial", "receive", "trailing", "close"]);
    await host.fetch("http://a/");
    expect(statuses(host, "proxy_grpc_close")).toEqual(["Ok", "NotFound"]);
    expect(statuses(host, "proxy_grpc_send")).toEqual(["Ok", "NotFound"]);
  });

  test("that fails at once has empty metadata first", async () => {
    await using host = await load(
      { ...callbacks, proxy_on_configure: [grpcStream({ method_name: "Fail" }), send("one", 1)] },
      { grpc: echo },
    );
    await host.advance(0);
    expect(happened(host)).toEqual(["initial", "trailing", "close"]);
    expect(statuses(host, "proxy_get_header_map_value")).toEqual(["NotFound", "NotFound"]);
    expect(closed(host)).toEqual([[6, 5]]);
  });

  test("is not heard of after it was cancelled, in a callback either", async () => {
    const cancel = call("proxy_grpc_cancel", { call_or_stream_id: slot("stream_id") });
    await using host = await load(
      {
        ...callbacks,
        proxy_on_configure: [open, send("one"), send("two")],
        proxy_on_grpc_receive: [log("receive"), cancel],
      },
      { grpc: echo },
    );
    await host.advance(0);
    expect(happened(host)).toEqual(["initial", "receive"]);
    expect(statuses(host, "proxy_grpc_cancel")).toEqual(["Ok"]);
  });
});

test("ids of the wrong kind are refused", async () => {
  const id = (call_or_stream_id: number) => ({ call_or_stream_id });
  await using host = await load(
    {
      proxy_on_configure: [
        grpcCall(),
        call("proxy_grpc_send", { stream_id: 5, message: "x" }),
        call("proxy_grpc_send", { stream_id: 1002, message: "x" }),
        ...[1001, 1002, 3, 4].flatMap((n) => [call("proxy_grpc_cancel", id(n)), call("proxy_grpc_close", id(n))]),
        grpcCall({ message: wat("(i32.const -8) (i32.const 9)") }),
      ],
    },
    { grpc: echo },
  );
  expect(statuses(host, "proxy_grpc_send")).toEqual(["BadArgument", "NotFound"]);
  const refused = ["NotFound", "NotFound", "BadArgument", "BadArgument"];
  expect(statuses(host, "proxy_grpc_cancel")).toEqual(refused);
  expect(statuses(host, "proxy_grpc_close")).toEqual(refused);
  expect(statuses(host, "proxy_grpc_call")).toEqual(["Ok", "InvalidMemoryAccess"]);
});
