import { describe, expect, test } from "vitest";

import { verify } from "../../../build/steps/verify.ts";
import { assemble } from "../../wasm-text.ts";

/** A module in the text format, after which `parts` are added to what every Proxy-Wasm module has. */
function moduleWith(parts: { imports?: string; body?: string; memory?: string }): Uint8Array {
  return assemble(`(module
    ${parts.imports ?? ""}
    ${parts.memory ?? '(memory (export "memory") 1)'}
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "malloc") (param i32) (result i32) (i32.const 0))
    (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 0))
    ${parts.body ?? ""})`);
}

test("accepts a module of host calls, WASI calls and callbacks, and says what is in it", () => {
  const info = verify(
    moduleWith({
      imports: `
        (import "env" "proxy_log" (func (param i32 i32 i32) (result i32)))
        (import "env" "proxy_increment_metric" (func (param i32 i64) (result i32)))
        (import "env" "proxy_send_local_response" (func (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "clock_time_get" (func (param i32 i64 i32) (result i32)))`,
      body: `(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0))
        (func (export "proxy_on_delete") (param i32))`,
    }),
  );
  expect(info.imports.map(({ name }) => name)).toEqual([
    "proxy_log",
    "proxy_increment_metric",
    "proxy_send_local_response",
    "clock_time_get",
  ]);
  expect(info.exports).toContainEqual({
    name: "proxy_on_request_headers",
    kind: "function",
    index: 7,
    signature: "(i32, i32, i32) -> i32",
  });
  expect(info.sections.map(({ name }) => name)).toEqual(["type", "import", "function", "memory", "export", "code"]);
});

describe("names", () => {
  test.each([
    [
      "a WASI call that Envoy does not have",
      { imports: `(import "wasi_snapshot_preview1" "path_open" (func))` },
      "imports the function wasi_snapshot_preview1.path_open, which Envoy does not offer",
    ],
    [
      "a host call that the ABI does not have",
      { imports: `(import "env" "proxy_teleport" (func))` },
      "imports the function env.proxy_teleport, which is no call of Proxy-Wasm ABI 0.2.1",
    ],
    [
      "another module's function",
      { imports: `(import "go" "debug" (func))` },
      "imports the function go.debug, which is no call of Proxy-Wasm ABI 0.2.1",
    ],
    [
      "a host call of another signature",
      { imports: `(import "env" "proxy_log" (func (param i32) (result i32)))` },
      "imports the function env.proxy_log with the signature (i32) -> i32; the ABI's is (i32, i32, i32) -> i32",
    ],
    [
      "an imported global",
      { imports: `(import "env" "base" (global i32))` },
      "imports the global env.base; hosts offer functions only",
    ],
    [
      "an imported table",
      { imports: `(import "env" "table" (table 1 funcref))` },
      "imports the table env.table; hosts offer functions only",
    ],
    [
      "the toolchain's own export",
      { body: `(func (export "build_run"))` },
      "exports the function build_run, which is no callback of Proxy-Wasm ABI 0.2.1",
    ],
    [
      "an initializer",
      { body: `(func (export "_initialize"))` },
      "exports the function _initialize; a host would run it again, over the filter that is already there",
    ],
    [
      "a callback of another signature",
      { body: `(func (export "proxy_on_tick"))` },
      "exports the function proxy_on_tick with the signature () -> (); the ABI's is (i32) -> ()",
    ],
    ["a start function", { body: `(func $f) (start $f)` }, 'has the section "start"'],
    ["no exported memory", { memory: "(memory 1)" }, "does not export memory"],
    ["no memory", { memory: "" }, "does not export memory\n  has 0 memories in place of one"],
    ["a shared memory", { memory: `(memory (export "memory") 1 1 shared)` }, "has a memory that is shared or 64-bit"],
  ])("%s", (_name, parts, offence) => {
    expect(() => verify(moduleWith(parts))).toThrow(`the module would not load in a Proxy-Wasm host:\n  ${offence}`);
  });

  test("an imported memory", () => {
    const module = moduleWith({ imports: `(import "env" "memory" (memory 1))`, memory: "" });
    expect(() => verify(module)).toThrow("imports the memory env.memory; hosts offer functions only");
  });

  test("a custom section", () => {
    const custom = Uint8Array.from([0, 5, 4, ...Buffer.from("name")]);
    expect(() => verify(Buffer.concat([moduleWith({}), custom]))).toThrow('has the section "name"');
  });

  test("every offence at once", () => {
    const module = moduleWith({ imports: `(import "env" "a" (func)) (import "env" "b" (func))` });
    expect(() => verify(module)).toThrow(/env\.a,[^]*env\.b,/);
  });
});

test("refuses bytes that are no module", () => {
  expect(() => verify(new Uint8Array(8))).toThrow("not a WebAssembly module");
});

test("refuses a module whose code is not valid", () => {
  const module = moduleWith({ body: `(func (export "proxy_on_delete") (param i32))` });
  const broken = module.slice();
  broken[broken.length - 2] = 0xff;
  expect(() => verify(broken)).toThrow(/Compiling function/);
});
