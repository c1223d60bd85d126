import { readFile } from "node:fs/promises";

import { TestHost } from "proxy-wasm-ts/testing";
import { expect, test } from "vitest";

import { readModule } from "../../build/wasm/module.ts";
import { HOST_CALLS, WASI_CALLS } from "../../src/abi/index.ts";

/** Of a running filter; the budgets of what was built are in bench/budgets.json. */
const MEMORY_GROWTH_BYTES = 0;

const wasm = await readFile("dist/filter.wasm");

test("it imports only host calls and WASI calls of Envoy, and no file descriptors", () => {
  const { imports } = readModule(wasm);
  const known: readonly string[] = [...Object.keys(HOST_CALLS), ...WASI_CALLS];
  expect(imports.filter(({ name }) => !known.includes(name))).toEqual([]);
  expect(
    imports
      .filter(({ name }) => !name.startsWith("proxy_"))
      .map(({ name }) => name)
      .sort(),
  ).toEqual(["clock_time_get", "random_get"]);
});

test("it exports what every host needs and the hooks that the filter has", () => {
  const { exports } = readModule(wasm);
  expect(exports.map(({ name }) => name).sort()).toEqual([
    "malloc",
    "memory",
    "proxy_abi_version_0_2_1",
    "proxy_on_configure",
    "proxy_on_context_create",
    "proxy_on_delete",
    "proxy_on_http_call_response",
    "proxy_on_memory_allocate",
    "proxy_on_request_headers",
    "proxy_on_response_headers",
    "proxy_on_vm_start",
  ]);
});

test("the memory of a running filter does not grow over 20 000 streams", async () => {
  const memory = await memoryOver(20_000);
  expect(memory.after - memory.before).toBeLessThanOrEqual(MEMORY_GROWTH_BYTES);
});

/** Bytes of linear memory after 1 000 streams with a call, and after `streams`. */
async function memoryOver(streams: number): Promise<{ before: number; after: number }> {
  await using host = await TestHost.load(wasm, { clusters: { "back-python": () => new Response("hello") } });
  const run = async (count: number) => {
    for (let done = 0; done < count; done += 100) {
      await Promise.all(Array.from({ length: 100 }, () => host.fetch("http://back-golang/jump")));
    }
    return host.memoryBytes;
  };
  return { before: await run(1000), after: await run(streams - 1000) };
}
