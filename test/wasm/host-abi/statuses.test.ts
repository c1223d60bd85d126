import { expect, test } from "vitest";

import { HOST_CALLS } from "../../../src/abi/index.ts";
import type { HostCall, Params } from "../../../src/abi/index.ts";
import { TestHost } from "../../host/index.ts";
import { calls, load, statuses } from "./helpers.ts";
import { call, param, tinyModule, wat } from "./tiny-module.ts";
import type { Argument, Step } from "./tiny-module.ts";

// The statuses were measured in Envoy 1.40.

const MAPS = [0, 1, 2, 3, 4, 5, 6, 7, 8];
const BUFFERS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

test("what a plugin without a stream asks for", async () => {
  await using host = await load({
    proxy_on_configure: [
      ...MAPS.flatMap((map_type) => [
        call("proxy_get_header_map_pairs", { map_type }),
        call("proxy_get_header_map_size", { map_type }),
        call("proxy_get_header_map_value", { map_type, key: "a" }),
        call("proxy_set_header_map_pairs", { map_type }),
        call("proxy_remove_header_map_value", { map_type, key: "a" }),
      ]),
      ...BUFFERS.flatMap((buffer_type) => [
        call("proxy_get_buffer_bytes", { buffer_type, max_size: 10 }),
        call("proxy_set_buffer_bytes", { buffer_type, size: 10, value: "x" }),
        call("proxy_get_buffer_status", { buffer_type }),
      ]),
      ...[0, 1, 2, 3, 4].flatMap((stream_type) => [
        call("proxy_continue_stream", { stream_type }),
        call("proxy_close_stream", { stream_type }),
      ]),
      call("proxy_send_local_response", { status_code: 200 }),
      call("proxy_done"),
      call("proxy_log", { log_level: 6, message: "x" }),
      call("proxy_set_effective_context", { context_id: 99 }),
      call("proxy_get_log_level"),
    ],
  });
  const bad = MAPS.map(() => "BadArgument");
  expect(statuses(host, "proxy_get_header_map_pairs")).toEqual(MAPS.map((type) => (type < 8 ? "Ok" : "BadArgument")));
  expect(statuses(host, "proxy_get_header_map_size")).toEqual(bad);
  expect(statuses(host, "proxy_get_header_map_value")).toEqual(bad);
  expect(statuses(host, "proxy_set_header_map_pairs")).toEqual(bad);
  expect(statuses(host, "proxy_remove_header_map_value")).toEqual(bad);
  const buffers = ["Ok", "Ok", "Ok", "Ok", "NotFound", "Ok", "Ok", "Ok", "Ok", "BadArgument"];
  expect(statuses(host, "proxy_get_buffer_bytes")).toEqual(buffers);
  expect(statuses(host, "proxy_get_buffer_status")).toEqual(buffers);
  expect(statuses(host, "proxy_set_buffer_bytes")).toEqual(
    buffers.map((status) => (status === "NotFound" ? status : "BadArgument")),
  );
  expect(statuses(host, "proxy_continue_stream")).toEqual(["Ok", "Ok", "Ok", "Unimplemented", "BadArgument"]);
  expect(statuses(host, "proxy_close_stream")).toEqual(["Ok", "Ok", "Ok", "Ok", "BadArgument"]);
  const rest = ["send_local_response", "done", "log", "set_effective_context", "get_log_level"];
  expect(rest.map((name) => statuses(host, `proxy_${name}`)[0])).toEqual([
    ...["Ok", "NotFound", "BadArgument", "BadArgument", "Ok"],
  ]);
});

test("in the log of a stream, a missing map is a missing value", async () => {
  const value = (map_type: number) => call("proxy_get_header_map_value", { map_type, key: ":path" });
  const set = call("proxy_replace_header_map_value", { map_type: 0, key: "x", value: "y" });
  await using host = await load({ proxy_on_log: [value(0), value(1), value(3), set] });
  await host.fetch("http://a/");
  expect(host.calls.map(({ status }) => status)).toEqual(["Ok", "NotFound", "NotFound", "BadArgument"]);
});

test("the sizes of maps are bytes; the one of an answer cannot be had", async () => {
  const size = (map_type: number) => call("proxy_get_header_map_size", { map_type });
  await using host = await load({ proxy_on_request_headers: [size(0)], proxy_on_request_body: [size(0), size(1)] });
  const stream = host.openStream();
  stream.requestHeaders({ "x-a": "1" });
  stream.requestBody("x", { endOfStream: true });
  expect(calls(host, "proxy_get_header_map_size")).toMatchObject([
    { size: ":authorityhost:path/:methodGET:schemehttpx-a1".length },
    { status: "BadArgument" },
    { size: 0, status: "Ok" },
  ]);
  expect(stream.upstream.trailers).toEqual([]); // asking for the size has added them
  stream.close();
});

/** Every call, with arguments that it takes, so that only its pointers are wrong. */
const GOOD: Partial<Record<HostCall, Readonly<Record<string, Argument>>>> = {
  proxy_get_metric: { metric_id: 4 },
  proxy_dequeue_shared_queue: { queue_id: 1 },
  proxy_get_shared_data: { key: "k" },
  proxy_resolve_shared_queue: { name: "q" },
  proxy_get_property: { path: "plugin_name" },
  proxy_call_foreign_function: { name: "some" },
  proxy_get_header_map_value: { map_type: 0, key: ":path" },
  proxy_get_buffer_bytes: { buffer_type: 6, max_size: 10 },
  proxy_http_call: {
    upstream_name: "back",
    headers: [
      [":method", "GET"],
      [":path", "/"],
      [":authority", "a"],
    ],
  },
  proxy_grpc_call: { upstream_name: "back", service_name: "S", method_name: "M" },
  proxy_grpc_stream: { upstream_name: "back", service_name: "S", method_name: "M" },
};

const withPointers = (Object.keys(HOST_CALLS) as HostCall[]).flatMap((name) =>
  Object.entries(HOST_CALLS[name] as Params)
    .filter(([, kind]) => kind === "bytes" || kind.startsWith("out_"))
    .map(([parameter, kind]) => [name, parameter, kind] as const),
);

test.each(withPointers)("%s refuses a bad pointer for %s", async (name, parameter, kind) => {
  const far = "(i32.const -64)";
  const pointer = wat(kind === "bytes" ? `${far} (i32.const 65)` : kind === "out_bytes" ? `${far} ${far}` : far);
  const prepare: Step[] = [
    call("proxy_define_metric", { metric_type: 0, name: "c" }),
    call("proxy_register_shared_queue", { name: "q" }),
    call("proxy_enqueue_shared_queue", { queue_id: 1, value: "x" }),
    call("proxy_set_shared_data", { key: "k", value: "v" }),
  ];
  const filter = tinyModule({
    on: { proxy_on_request_headers: [...prepare, call(name, { ...GOOD[name], [parameter]: pointer })] },
  });
  await using host = await TestHost.load(filter, {
    pluginName: "name",
    vmConfig: "vm",
    clusters: { back: () => new Response() },
    foreignFunctions: { some: () => Uint8Array.of(1) },
  });
  const stream = host.openStream();
  stream.requestHeaders({}, { endOfStream: true });
  expect(calls(host, name).at(-1)?.status).toBe("InvalidMemoryAccess");
  stream.close();
});

test("a context that is gone is not taken", async () => {
  await using host = await load({
    proxy_on_http_call_response: [call("proxy_set_effective_context", { context_id: param(0) })],
    proxy_on_tick: [call("proxy_set_effective_context", { context_id: 2 })],
    proxy_on_configure: [call("proxy_set_tick_period_milliseconds", { tick_period: 1 })],
  });
  await host.fetch("http://a/");
  await expect.poll(() => statuses(host, "proxy_set_effective_context").length).toBeGreaterThan(0);
  expect(statuses(host, "proxy_set_effective_context").at(-1)).toBe("BadArgument");
});

test("wrong numbers are seen before bad pointers", async () => {
  const bad = wat("(i32.const -8) (i32.const 100)");
  await using host = await load({
    proxy_on_configure: [
      call("proxy_get_header_map_value", { map_type: 99, key: bad }),
      call("proxy_set_buffer_bytes", { buffer_type: 4, value: bad }),
      call("proxy_log", { log_level: 9, message: bad }),
      call("proxy_get_property", { path: "nope", value: bad }),
      call("proxy_set_effective_context", { context_id: 0 }),
    ],
  });
  expect(host.calls.map(({ status }) => status)).toEqual([
    ...["BadArgument", "NotFound", "BadArgument", "NotFound", "Ok"],
  ]);
});
