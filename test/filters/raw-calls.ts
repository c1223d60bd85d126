/** The filter of the tests of raw host calls that nothing else of the SDK wraps: the path says which. */

import { defineFilter, HostError, Response } from "proxy-wasm-ts";
import type { HttpRequest } from "proxy-wasm-ts";
import {
  BufferType,
  LogLevel,
  MapType,
  proxy_done,
  proxy_get_buffer_bytes,
  proxy_get_buffer_status,
  proxy_get_current_time_nanoseconds,
  proxy_get_header_map_size,
  proxy_get_log_level,
  proxy_get_status,
  proxy_set_buffer_bytes,
} from "proxy-wasm-ts/hostcalls";

function failure(run: () => unknown): unknown {
  try {
    return run() ?? null;
  } catch (error) {
    return error instanceof HostError ? [error.call, error.status] : String(error);
  }
}

const actions: Record<string, (request: HttpRequest) => unknown> = {
  level: () => [proxy_get_log_level(), LogLevel.Debug],
  time: () => String(proxy_get_current_time_nanoseconds()),
  size: (request) => [
    proxy_get_header_map_size(MapType.HttpRequestHeaders),
    proxy_get_header_map_size(request.headers),
    failure(() => proxy_get_header_map_size(MapType.HttpResponseHeaders)),
    failure(() => proxy_get_header_map_size(77 as unknown as 0)),
  ],
  done: () =>
    failure(() => {
      proxy_done();
    }),
  status: () => failure(() => proxy_get_status()),
  phase: () => [
    failure(() => proxy_get_buffer_status(BufferType.HttpRequestBody)),
    failure(() => proxy_get_buffer_status(BufferType.HttpCallResponseBody)),
    failure(() => {
      proxy_set_buffer_bytes(BufferType.HttpRequestBody, 0, 0, "x");
    }),
    failure(() => proxy_get_buffer_status(BufferType.PluginConfiguration)),
    failure(() => proxy_get_buffer_status(99 as unknown as 0)),
  ],
};

export default defineFilter({
  requestBody: "rewrite",
  onRequestHeaders(request) {
    const action = actions[request.path.slice(1)];
    return action === undefined ? undefined : new Response(JSON.stringify(action(request)));
  },
  onRequestBody() {
    const before = proxy_get_buffer_status(BufferType.HttpRequestBody);
    proxy_set_buffer_bytes(BufferType.HttpRequestBody, 0, 0, "before ");
    proxy_set_buffer_bytes(BufferType.HttpRequestBody, 1000, 0, " after");
    const middle = failure(() => {
      proxy_set_buffer_bytes(BufferType.HttpRequestBody, 2, 1, "x");
    });
    const after = proxy_get_buffer_status(BufferType.HttpRequestBody);
    const text = new Uint8Array(proxy_get_buffer_bytes(BufferType.HttpRequestBody, 0, 1000)).length;
    proxy_set_buffer_bytes(BufferType.HttpRequestBody, 0, after[0], JSON.stringify([before, middle, after, text]));
  },
});
