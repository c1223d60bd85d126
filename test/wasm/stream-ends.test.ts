/** Modules that find out themselves which streams have ended (src/shim/ends.c), in place of proxy_on_delete. */

import { expect, test } from "vitest";

import { buildFilter } from "../../build/pipeline.ts";
import { TestHost } from "../host/index.ts";
import type { StreamHandle } from "../host/index.ts";
import { wasm as wasmApi } from "../host/wasm-api.ts";
import type { WasmFunction, WasmMemory } from "../host/wasm-api.ts";
import { tempProject } from "../temp-project.ts";
import { DirectHost } from "./memory/direct-host.ts";

async function build(definition: string): Promise<Uint8Array> {
  await using project = await tempProject({
    "filter.ts": `import { defineFilter } from "proxy-wasm-ts"; export default defineFilter(${definition});`,
  });
  const { wasm, callbacks } = await buildFilter({
    entry: project.path("filter.ts"),
    outfile: project.path("out.wasm"),
    typecheck: false,
  });
  expect(callbacks).not.toContain("proxy_on_delete");
  return wasm;
}

function request(stream: StreamHandle, path: string, endOfStream = true): string | undefined {
  const step = stream.requestHeaders({ ":method": "POST", ":path": path, ":authority": "a" }, { endOfStream });
  return step.action;
}

const WAITS = `async onRequestHeaders(request) { if (request.path === "/wait") await new Promise(() => {}); }`;

test("streams whose clients have left do not count, though their hooks never end", async () => {
  const LIMIT = 20;
  await using host = await TestHost.load(await build(`{ limits: { streams: ${LIMIT} }, ${WAITS} }`));
  for (let n = 0; n < 10 * LIMIT; n++) {
    const stream = host.openStream();
    expect(request(stream, "/wait")).toBe("Pause");
    stream.reset();
  }
  const open = Array.from({ length: LIMIT }, () => host.openStream());
  expect(open.map((stream) => request(stream, "/wait"))).toEqual(open.map(() => "Pause"));
  expect(open.filter(({ isEnded }) => isEnded)).toEqual([]);
  const refused = host.openStream();
  request(refused, "/wait");
  expect(refused.downstream.headers).toContainEqual([":status", "500"]);
  open[7]?.reset();
  expect(request(host.openStream(), "/wait")).toBe("Pause");
  expect(open.filter(({ isEnded }) => isEnded)).toHaveLength(1);
});

test("memory is flat when the clients of a thousand waiting streams leave, again and again", async () => {
  await using host = await TestHost.load(await build(`{ ${WAITS} }`));
  const figures: number[] = [];
  for (let round = 0; round < 6; round++) {
    const open = Array.from({ length: 1000 }, () => host.openStream());
    open.forEach((stream) => request(stream, "/wait"));
    open.forEach((stream) => {
      stream.reset();
    });
    figures.push(host.memoryBytes);
  }
  expect(figures.at(-1)).toBe(figures.at(2));
});

test("what a filter does behind its hook's back has the request until the stream ends", async () => {
  const wasm = await build(`{
    state: () => ({ path: "" }),
    onRequestHeaders(request, { fetch, log }) {
      request.state.path = request.path;
      void fetch("/", { cluster: "back" }).then(() => {
        try { log.info(request.state.path); } catch (error) { log.info(error.name); }
      });
    } }`);
  const answers: ((response: Response) => void)[] = [];
  await using host = await TestHost.load(wasm, {
    clusters: { back: () => new Promise((answer) => void answers.push(answer)) },
  });
  const [stays, leaves] = [host.openStream(), host.openStream()];
  expect([request(stays, "/stays"), request(leaves, "/leaves")]).toEqual(["Continue", "Continue"]);
  await expect.poll(() => answers.length).toBe(2);
  leaves.reset();
  answers.forEach((answer) => {
    answer(new Response(""));
  });
  await expect.poll(() => host.logs.map(({ message }) => message)).toEqual(["/stays", "StreamEndedError"]);
});

test("a response before the request's end leaves the stream its state", async () => {
  const wasm = await build(`{
    state: () => ({ seen: [] }),
    requestBody: "stream",
    onRequestBody(request, { log }) { request.state.seen.push(request.body.text()); log.info(request.state.seen.join()); },
    onResponseHeaders(response) { response.state.seen.push("response"); },
  }`);
  await using host = await TestHost.load(wasm);
  for (let round = 0; round < 3; round++) {
    const stream = host.openStream();
    request(stream, "/", false);
    stream.requestBody("a");
    stream.responseHeaders({ ":status": "200" });
    stream.requestBody("b", { endOfStream: true });
    stream.responseBody("", { endOfStream: true });
  }
  expect(host.logs.map(({ message }) => message).slice(-2)).toEqual(["a", "a,response,b"]);
});

const COUNTS = `{
  state: () => ({ n: 0 }),
  onRequestBody(request) { request.state.n++; },
  onResponseHeaders(response, { log }) { log.error(String(response.state.n++)); },
}`;

test("a host may give a stream the id of one that has ended, and the filter sees a new one", async () => {
  const host = DirectHost.of(await build(COUNTS));
  for (const hasBody of [true, true, false, false]) {
    host.request(10, [[":path", "/"]], hasBody);
    if (hasBody) {
      host.requestBody(10, new Uint8Array(8));
    }
    host.responseHeaders(10, [[":status", "200"]]);
    host.end(10);
  }
  expect(host.errors).toEqual(["1", "1", "0", "0"]);
});

test("with a host that knows any id, streams are gone when they are old", async () => {
  const HOUR = 3600n * 1_000_000_000n;
  let now = 5n * HOUR;
  const module = new wasmApi.Module(await build(`{ limits: { streams: 50 }, ${WAITS} }`));
  const host = new DirectHost({
    instantiate(imports) {
      const clock: WasmFunction = (_clock: number, _precision: bigint, result: number) => {
        new DataView((exports["memory"] as WasmMemory).buffer).setBigUint64(result, now, true);
        return 0;
      };
      const wasi = { ...imports["wasi_snapshot_preview1"], clock_time_get: clock };
      const { exports } = new wasmApi.Instance(module, { ...imports, wasi_snapshot_preview1: wasi });
      return exports;
    },
  });
  const waits = Array.from({ length: 300 }, (_, n) => {
    now += HOUR / 10n;
    return host.request(10 + n, [[":path", "/wait"]], false);
  });
  expect(waits).toEqual(waits.map(() => true));
  expect(host.errors).toEqual([]);
});
