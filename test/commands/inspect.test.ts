import { expect, test } from "vitest";

import { inspect } from "../../build/inspect/report.ts";
import { packageVersion } from "../../build/package-files.ts";

test("the jump filter's module says what it is made of", async () => {
  const report = await inspect("dist/filter.wasm");
  expect(report).toMatchObject({ abi: ["0.2.1"], kinds: ["http"], problems: [] });
  expect(report.hooks).toContain("proxy_on_response_headers");
  expect(report.producers["processed-by"]).toMatchObject({
    "proxy-wasm-ts": packageVersion(),
    "QuickJS-NG": expect.stringMatching(/^\d+\.\d+\.\d+$/) as string,
    esbuild: expect.stringMatching(/^\d/) as string,
  });

  const size = (name: string) => report.sections.find((section) => section.name === name)?.bytes ?? 0;
  const { code, data, bytecode, heapStart } = report.composition ?? expect.fail("no composition");
  // The parts are all of the sections, but for their few bytes of header.
  expect(size("code") - (code.engine + code.shim + code.library)).toBeLessThan(16);
  expect(size("data") - (data.static + data.heap)).toBeLessThan(16);
  // The shim cannot be told from the engine without their names; both are in any module, and the engine is the larger one.
  expect(code.shim).toBeGreaterThan(10_000);
  expect(code.engine).toBeGreaterThan(2.9 * code.shim);
  expect(code.library).toBeGreaterThan(1000);
  expect(bytecode).toBeGreaterThan(10_000);
  expect(data.heap).toBeGreaterThan(bytecode);
  // The stack of 256 KiB lies before the heap.
  expect(heapStart).toBeGreaterThan(256 * 1024);
  expect(report.memory?.initial).toBeGreaterThan(heapStart + data.heap);
});
