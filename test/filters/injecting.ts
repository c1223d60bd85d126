/** Puts a text of the request's where a header's name or value goes, in every way that the SDK has, and answers with what came of each. */

import { decodeUtf8, defineFilter, fetch, grpcCall, grpcStream, Response } from "proxy-wasm-ts";
import type { HttpRequest } from "proxy-wasm-ts";
import {
  MapType,
  proxy_add_header_map_value,
  proxy_replace_header_map_value,
  proxy_send_local_response,
  proxy_set_header_map_pairs,
} from "proxy-wasm-ts/hostcalls";

const GRPC = { cluster: "other", service: "a.B", method: "C" };

function uses(request: HttpRequest, name: string, value: string): Record<string, () => unknown> {
  const { headers } = request;
  const pairs = [[name, value]] as [string, string][];
  return {
    set: () => {
      headers.set(name, value);
    },
    append: () => {
      headers.append(name, value);
    },
    delete: () => {
      headers.delete(name);
      headers.set("x-value", value);
    },
    replaceAll: () => {
      headers.replaceAll([...headers, ...pairs]);
    },
    trailers: () => {
      request.trailers.set(name, value);
    },
    path: () => {
      headers.get(name);
      request.path = value;
    },
    method: () => {
      headers.has(name);
      request.method = value;
    },
    authority: () => {
      headers.get(name);
      request.authority = value;
    },
    fetchHeaders: () => fetch("/", { cluster: "other", headers: pairs }),
    fetchRecord: () => fetch("/", { cluster: "other", headers: Object.fromEntries(pairs) }),
    fetchPath: () => {
      headers.get(name);
      return fetch(`/${value}`, { cluster: "other" });
    },
    fetchMethod: () => {
      headers.get(name);
      return fetch("/", { cluster: "other", method: value });
    },
    fetchAuthority: () => {
      headers.get(name);
      return fetch("/", { cluster: "other", authority: value });
    },
    fetchTrailers: () => fetch("/", { cluster: "other", body: "x", trailers: pairs }),
    grpcMetadata: () => grpcCall({ ...GRPC, message: "", metadata: pairs }),
    grpcStreamMetadata: () => grpcStream({ ...GRPC, metadata: pairs }),
    localReply: () => {
      proxy_send_local_response(403, "", "", pairs, undefined);
    },
    rawAdd: () => {
      proxy_add_header_map_value(MapType.HttpRequestHeaders, name, value);
    },
    rawReplace: () => {
      proxy_replace_header_map_value(MapType.HttpRequestHeaders, name, value);
    },
    rawPairs: () => {
      proxy_set_header_map_pairs(MapType.HttpRequestHeaders, pairs);
    },
  };
}

async function outcome(use: () => unknown): Promise<string> {
  try {
    await use();
    return "taken";
  } catch (error) {
    return (error as Error).name;
  }
}

export default defineFilter({
  config: (json) => json as Record<string, unknown> | undefined,
  async onRequestHeaders(request, { config }) {
    const [, how = "", name = "", value = ""] = request.path.split("/").map(decodeURIComponent);
    if (how === "reply") {
      return new Response("reply", { headers: [[name, value]] });
    }
    if (how === "json") {
      const parsed = JSON.parse(decodeUtf8(value)) as Record<string, string>;
      const merged = { ...config, ...parsed };
      request.headers.append("x-plain", String(({} as { polluted?: string }).polluted));
      request.headers.append("x-merged", String((merged as { polluted?: string }).polluted));
      const answer = await fetch("/", { cluster: "other", headers: parsed }).catch((error: unknown) => String(error));
      return Response.json({
        plain: ({} as { polluted?: string }).polluted,
        config: config?.["polluted"],
        answer: typeof answer === "string" ? answer : answer.status,
      });
    }
    const results: Record<string, string> = {};
    for (const [use, run] of Object.entries(uses(request, name, value))) {
      results[use] = await outcome(run);
    }
    return Response.json(results);
  },
});
