import { beforeAll, expect, test } from "vitest";

import { TestHost } from "../../host/index.ts";
import type { CompiledFilter } from "../../host/index.ts";
import { build } from "./build.ts";

/** The globals are not imported here: the build puts them in. */
const FILTER = `
import { defineFilter, environment, fetch, log, memoryUsage, onVmStart, Response } from "proxy-wasm-ts";

let started = "";
onVmStart((configuration) => {
  started = configuration + ", " + JSON.stringify(environment());
  return configuration !== "refuse";
});

const actions = {
  "/started": () => started,
  "/memory": () => {
    const before = memoryUsage();
    const held = new Uint8Array(2 ** 20);
    return [before.linearBytes, before.heapBytes, memoryUsage().heapBytes - before.heapBytes, held.length];
  },
  "/uuid": () => crypto.randomUUID(),
  "/now": () => [performance.now(), performance.timeOrigin],
  "/timeout": async () => {
    const begin = performance.now();
    try {
      await fetch("/", { cluster: "never", timeoutMs: 60_000, signal: AbortSignal.timeout(100) });
      return "answered";
    } catch (error) {
      return [error.name, performance.now() - begin];
    }
  },
  "/listeners": () => {
    const controller = new AbortController();
    const seen = [];
    const { signal } = controller;
    const removed = () => seen.push("removed");
    signal.onabort = () => seen.push("onabort");
    signal.addEventListener("abort", () => { throw new Error("on purpose"); });
    signal.addEventListener("abort", removed);
    signal.removeEventListener("abort", removed);
    signal.addEventListener("abort", { handleEvent: ({ target }) => seen.push(target.reason) });
    const any = AbortSignal.any([new AbortController().signal, signal]);
    controller.abort("reason");
    signal.addEventListener("abort", () => seen.push("late"));
    return [seen, any.reason];
  },
};

export default defineFilter({
  async onRequestHeaders(request) {
    return new Response(JSON.stringify(await actions[request.path]()));
  },
});
`;

let filter: CompiledFilter;

beforeAll(async () => {
  filter = await build(FILTER);
});

const get = async (host: TestHost, path: string) => (await host.fetch(`http://host${path}`)).json();

test("the VM's start sees its configuration and environment", async () => {
  await using host = await TestHost.load(filter, { vmConfig: "conf", env: { A: "1", B: "=2" } });
  expect(await get(host, "/started")).toBe('conf, {"A":"1","B":"=2"}');
  await expect(TestHost.load(filter, { vmConfig: "refuse" })).rejects.toThrow("proxy_on_vm_start");
});

test("memoryUsage tells of linear memory, and of what JavaScript has taken", async () => {
  await using host = await TestHost.load(filter);
  const [linear = 0, heap = 0, grown = 0] = (await get(host, "/memory")) as number[];
  expect(linear).toBeGreaterThan(0);
  expect(linear % 65_536).toBe(0);
  expect(heap).toBeGreaterThan(0);
  // Natively the heap is Node's, where buffers are elsewhere.
  if (process.env["PROXY_WASM_TS_MODE"] !== "native") {
    // What is collected at that moment goes off it.
    expect(grown).toBeGreaterThan(0.99 * 2 ** 20);
    expect(grown).toBeLessThan(1.1 * 2 ** 20);
    expect(heap).toBeLessThan(linear);
  }
});

test("random numbers differ between VMs and calls", async () => {
  await using first = await TestHost.load(filter);
  await using second = await TestHost.load(filter);
  const uuids = [await get(first, "/uuid"), await get(first, "/uuid"), await get(second, "/uuid")];
  expect(new Set(uuids).size).toBe(3);
});

test("performance.now and AbortSignal.timeout keep the host's time", async () => {
  await using host = await TestHost.load(filter, {
    clock: "manual",
    clusters: { never: () => new Promise<Response>(() => undefined) },
  });
  await host.advance(250);
  expect(await get(host, "/now")).toEqual([250, Date.UTC(2026, 0, 1)]);
  const answer = get(host, "/timeout");
  await host.advance(99);
  await host.advance(1);
  expect(await answer).toEqual(["TimeoutError", 100]);
});

test("listeners of a signal are called once, in order, whatever they throw", async () => {
  await using host = await TestHost.load(filter);
  expect(await get(host, "/listeners")).toEqual([["onabort", "reason"], "reason"]);
  expect(host.logs.map(({ message }) => message).join()).toContain("uncaught error in a listener of an AbortSignal");
});

test.each([
  ["crypto.randomUUID()", "random_get has no host here"],
  ["environment()", "environ_sizes_get has no host here"],
  ['sharedData.get("k")', "proxy_get_shared_data has no host here"],
  ['registerSharedQueue("q")', "has no host here"],
  ['defineCounter("c").increment()', "proxy_define_metric has no host here"],
  ['getProperty("plugin_name")', "has no host here"],
  ['defineCounter("")', "a metric needs a name"],
])("at the top level %s is an error of the build", async (code, message) => {
  const names = "defineCounter, defineFilter, environment, getProperty, registerSharedQueue, sharedData";
  const text = `import { ${names} } from "proxy-wasm-ts";\nexport const x = ${code};\nexport default defineFilter({});\n`;
  await expect(build(text)).rejects.toThrow(message);
});
