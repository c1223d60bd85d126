/** What a test can let go wrong: statuses of host calls, capabilities that a host does not give, a module that breaks. */

import { describe, expect, test } from "vitest";

import { compileFilter, TestHost } from "../../host/index.ts";
import { tempProject } from "../../temp-project.ts";
import { load, messages } from "./helpers.ts";
import { wat } from "./tiny-module.ts";

async function compile(text: string) {
  await using project = await tempProject({ "filter.ts": text });
  return await compileFilter(project.path("filter.ts"));
}

describe("a host call's status", () => {
  const FILTER = `
import { defineFilter, Response, sharedData } from "proxy-wasm-ts";
export default defineFilter({
  onRequestHeaders: () => new Response(sharedData.update("hits", (old) => String(Number(old?.text() ?? 0) + 1))),
});`;

  test("is the test's, and the call is not made", async () => {
    let conflicts = 2;
    const attempts: unknown[] = [];
    await using host = await TestHost.load(await compile(FILTER), {
      onHostCall(attempt) {
        if (attempt.call !== "proxy_set_shared_data") {
          return undefined;
        }
        attempts.push([attempt["key"], attempt["value"], attempt.context]);
        return conflicts-- > 0 ? "CasMismatch" : undefined;
      },
    });
    expect(await (await host.fetch("http://a/")).text()).toBe("1");
    expect(attempts).toEqual(Array.from({ length: 3 }, () => ["hits", "1", 2]));
    expect(host.calls.filter(({ call }) => call === "proxy_set_shared_data").map(({ status }) => status)).toEqual([
      "CasMismatch",
      "CasMismatch",
      "Ok",
    ]);
  });

  test("of each kind is an error that the filter can catch", async () => {
    await using host = await TestHost.load(await compile(FILTER), {
      onHostCall: ({ call }) => (call === "proxy_get_shared_data" ? "InternalFailure" : undefined),
    });
    expect((await host.fetch("http://a/")).status).toBe(500);
    expect(host.logs[0]?.message).toContain("HostError: proxy_get_shared_data: InternalFailure (10)");
  });
});

describe("capabilities that are not allowed", () => {
  const CALLBACKS = ["proxy_on_vm_start", "proxy_on_context_create", "proxy_on_configure", "proxy_on_request_headers"];
  const FILTER = `
import { defineFilter, fetch, Response } from "proxy-wasm-ts";
export default defineFilter({
  async onRequestHeaders() {
    const answer = await fetch("/", { cluster: "other" }).catch(String);
    return new Response(typeof answer === "string" ? answer : "called");
  },
  onResponseHeaders(response) {
    response.headers.set("x-seen", "yes");
  },
});`;

  test("fail as calls, and are not called as callbacks", async () => {
    const filter = await compile(FILTER);
    const clusters = { other: () => new Response() };
    await using free = await TestHost.load(filter, { clusters, allowedCapabilities: [] });
    const before = await free.fetch("http://a/");
    expect([await before.text(), before.headers.get("x-seen")]).toEqual(["called", "yes"]);
    await using host = await TestHost.load(filter, {
      clusters,
      allowedCapabilities: [
        ...CALLBACKS,
        "proxy_log",
        "proxy_get_property",
        "proxy_get_buffer_bytes",
        "proxy_send_local_response",
        "proxy_set_effective_context",
      ],
    });
    const response = await host.fetch("http://a/");
    expect(await response.text()).toMatch(/^FetchError: /);
    expect(response.headers.get("x-seen")).toBeNull();
    expect(messages(host)).toContain("Attempted call to restricted proxy-wasm capability: proxy_http_call");
    expect(messages(host)).toContain("Attempted call to restricted WASI capability: random_get");
  });
});

describe("a module that breaks", () => {
  const BREAKS = { proxy_on_request_body: [wat("(unreachable)")] };
  const post = (host: TestHost) => host.fetch("http://a/", { method: "POST", body: "x" });

  test("closes by default: 503", async () => {
    await using host = await load(BREAKS);
    expect((await post(host)).status).toBe(503);
    expect((await host.fetch("http://a/")).status).toBe(503);
  });

  test("and may let the streams after it pass", async () => {
    await using host = await load(BREAKS, {
      failurePolicy: "FAIL_OPEN",
      upstream: async (request) => new Response(`got ${await request.text()}`),
    });
    expect((await post(host)).status).toBe(503);
    expect(await (await post(host)).text()).toBe("got x");
    expect(await (await host.fetch("http://a/")).text()).toBe("got ");
  });

  test("and may be loaded anew after a second", async () => {
    await using host = await load(BREAKS, { failurePolicy: "FAIL_RELOAD", clock: "manual" });
    expect((await host.fetch("http://a/")).status).toBe(200);
    expect((await post(host)).status).toBe(503);
    await host.advance(999);
    expect((await host.fetch("http://a/")).status).toBe(503);
    await host.advance(1);
    expect((await host.fetch("http://a/")).status).toBe(200);
    expect((await post(host)).status).toBe(503);
  });
});
