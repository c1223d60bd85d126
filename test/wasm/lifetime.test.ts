/** Which callbacks of a stream's life a module exports (src/shim/lifetime.c), and that it works without those that it does not. */

import { expect, test } from "vitest";

import { buildFilter } from "../../build/pipeline.ts";
import { TestHost } from "../host/index.ts";
import { tempProject } from "../temp-project.ts";

const LIFE = ["proxy_on_context_create", "proxy_on_delete"];

async function build(
  definition: string,
  before = "",
  options: { keepBuiltins?: boolean; keepContexts?: boolean } = {},
) {
  const text = `import { defineFilter, every, Response } from "proxy-wasm-ts";
    ${before}
    export default defineFilter(${definition});`;
  await using project = await tempProject({ "filter.ts": text });
  const { wasm, callbacks } = await buildFilter({
    entry: project.path("filter.ts"),
    outfile: project.path("out.wasm"),
    typecheck: false,
    ...options,
  });
  return { wasm, life: LIFE.filter((name) => callbacks.includes(name)) };
}

const SET = `request.headers.set("x", request.path);`;

test.each([
  ["one hook that is over at once", `{ onRequestHeaders(request) { ${SET} } }`, []],
  ["the same of a response", `{ onResponseHeaders(response) { response.headers.delete("server"); } }`, []],
  ["only a log", `{ onLog(response, { log }) { log.info(String(response.status)); } }`, []],
  ["a hook that may answer", `{ onRequestHeaders(request) { return new Response("no"); } }`, []],
  ["a hook whose result is unknown", `{ onRequestHeaders: (request) => request.headers.set("x", "y") }`, []],
  ["a hook that waits", `{ async onRequestHeaders(request) { ${SET} } }`, []],
  ["a call", `{ onRequestHeaders(request, { fetch }) { void fetch("/", { cluster: "a" }); } }`, []],
  ["hooks of both directions", `{ onRequestHeaders(request) { ${SET} }, onResponseHeaders() {} }`, []],
  ["a hook that sees the end", `{ onRequestHeaders(request) { ${SET} }, onLog() {} }`, ["proxy_on_delete"]],
  ["a body", `{ onRequestBody(request) { request.body.bytes(); } }`, []],
  ["a state", `{ state: () => ({ n: 0 }), onRequestHeaders(request) { request.state.n++; } }`, []],
  ["a configuration", `{ config: (json) => json, onRequestHeaders(request) { ${SET} } }`, LIFE],
  ["a setup", `{ setup() {}, onRequestHeaders(request) { ${SET} } }`, LIFE],
  ["the plugin's id", `{ onRequestHeaders(request, { pluginId, log }) { log.info(String(pluginId)); } }`, LIFE],
  ["the plugin's root id", `{ onRequestHeaders(request, context) { context.log.info(context.rootId); } }`, LIFE],
  ["a timer", `{ onRequestHeaders(request, { log }) { setTimeout(() => log.info("late"), 5); } }`, LIFE],
])("%s", async (_, definition, expected) => {
  expect((await build(definition)).life).toEqual(expected);
});

test("with --keep-builtins nothing is known of the code, and the host tells everything", async () => {
  const { life } = await build(`{ onRequestHeaders(request) { ${SET} } }`, "", { keepBuiltins: true });
  expect(life).toEqual(LIFE);
});

test("--keep-contexts is for hosts that call what is not there", async () => {
  const { wasm, life } = await build(`{ onRequestHeaders(request) { ${SET} } }`, "", { keepContexts: true });
  expect(life).toEqual(LIFE);
  await using host = await TestHost.load(wasm, { upstream: (request) => new Response(request.headers.get("x")) });
  expect(await (await host.fetch("http://a/b")).text()).toBe("/b");
});

test("several plugins share a module that hears of no contexts, and each may end", async () => {
  const { wasm, life } = await build(
    `{ async onRequestHeaders(request, { fetch, log }) { log.info((await fetch(request.path, { cluster: "a" })).status + request.path); } }`,
  );
  expect(life).toEqual([]);
  const waiting: ((answer: globalThis.Response) => void)[] = [];
  await using host = await TestHost.load(wasm, {
    clusters: { a: () => new Promise((answer) => waiting.push(answer)) },
  });
  const other = host.addPlugin({ rootId: "other" });
  const [first, second] = [host.openStream(), other.openStream()];
  for (const [stream, path] of [
    [first, "/1"],
    [second, "/2"],
  ] as const) {
    expect(stream.requestHeaders({ ":path": path, ":method": "GET", ":authority": "a" }).action).toBe("Pause");
  }
  await expect.poll(() => waiting.length).toBe(2);
  second.reset();
  await other.close();
  for (const answer of waiting) {
    answer(new Response("", { status: 201 }));
  }
  await expect.poll(() => first.upstream.headers).toBeDefined();
  expect(host.logs.map(({ message }) => message)).toContain("201/1");
});

test("objects of a stream that is over when its hook returns cannot be used in the next one", async () => {
  const { wasm, life } = await build(
    `{ onRequestHeaders(request, { log }) {
        try { if (kept) log.info(kept.path); } catch (error) { log.info(error.name); }
        kept = request;
        request.headers.set("x-kept", "yes"); } }`,
    "let kept;",
  );
  expect(life).toEqual([]);
  await using host = await TestHost.load(wasm, { upstream: (request) => new Response(request.headers.get("x-kept")) });
  for (let n = 0; n < 3; n++) {
    expect(await (await host.fetch("http://a/")).text()).toBe("yes");
  }
  expect(host.logs.map(({ message }) => message)).toEqual(["StreamEndedError", "StreamEndedError"]);
});

test("an uncaught error is answered with 500, and the next stream goes on", async () => {
  const { wasm } = await build(`{ onRequestHeaders(request) { if (request.path === "/bad") throw new Error("no"); } }`);
  await using host = await TestHost.load(wasm, { upstream: () => new Response("fine") });
  expect((await host.fetch("http://a/bad")).status).toBe(500);
  expect((await host.fetch("http://a/")).status).toBe(200);
});

test("neither streams nor new configurations make the memory grow", async () => {
  const { wasm } = await build(`{ onRequestHeaders(request) { ${SET} } }`);
  await using host = await TestHost.load(wasm, { upstream: () => new Response("") });
  const run = async (rounds: number) => {
    for (let n = 0; n < rounds; n++) {
      const plugin = host.addPlugin({ rootId: `plugin ${n}` });
      await Promise.all(Array.from({ length: 20 }, () => plugin.fetch("http://a/")));
      await plugin.close();
    }
    return host.memoryBytes;
  };
  const before = await run(20);
  expect(await run(300)).toBe(before);
});
