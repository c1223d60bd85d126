import { expect, test } from "vitest";

import { wasm } from "../../../../build/wasm/api.ts";
import { exportMutableGlobals, keepExports } from "../../../../build/wasm/exports.ts";
import { withMemory } from "../../../../build/wasm/memory-image.ts";
import { readModule } from "../../../../build/wasm/module.ts";
import { assemble } from "../../../wasm-text.ts";

function exportsOf(module: Uint8Array): Record<string, unknown> {
  return new wasm.Instance(new wasm.Module(module), {}).exports;
}

function memoryOf(module: Uint8Array): Uint8Array {
  return new Uint8Array((exportsOf(module)["memory"] as { buffer: ArrayBuffer }).buffer);
}

const MODULE = assemble(`(module
  (memory (export "memory") 1 9)
  (global $sp (mut i32) (i32.const 1024))
  (global $big (mut i64) (i64.const -5000000000))
  (global $real (mut f64) (f64.const 0.5))
  (global $fixed i32 (i32.const -1))
  (data (i32.const 0) "gone")
  (func (export "f") (result i32) (global.get $sp)))`);

test("a module begins with the memory that it is given", () => {
  const memory = new Uint8Array(3 * 65536);
  const data = [
    [0, 1],
    [9, 2], // eight zeros apart: the same segment
    [19, 3], // nine zeros apart: another one
    [4000, 255],
    [65535, 4],
    [65536, 5],
    [memory.length - 1, 6],
  ] as const;
  for (const [at, value] of data) {
    memory[at] = value;
  }
  const image = withMemory(MODULE, memory);
  expect(Buffer.compare(memoryOf(image), memory)).toBe(0);
  expect(readModule(image).memories).toEqual([{ flags: 1, minimum: 3, maximum: 9 }]);
  const section = readModule(image).sections.find(({ name }) => name === "data");
  expect(section?.content[0]).toBe(5);
});

test("an empty memory needs no segments", () => {
  const section = readModule(withMemory(MODULE, new Uint8Array(65536))).sections.find(({ name }) => name === "data");
  expect([...(section?.content ?? [])]).toEqual([0]);
});

test("everything else of the module stays", () => {
  const image = withMemory(MODULE, new Uint8Array(65536));
  expect((exportsOf(image)["f"] as () => number)()).toBe(1024);
  const others = (module: Uint8Array) => readModule(module).sections.filter(({ name }) => !name.startsWith("data"));
  expect(others(image)).toEqual(others(MODULE));
});

test("a module whose code refers to its segments is refused", () => {
  const module = assemble(
    `(module (memory 1) (data "passive") (func (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 1))))`,
  );
  expect(() => withMemory(module, new Uint8Array(65536))).toThrow("data segments that are not simply active");
});

test("a module without a memory is refused", () => {
  expect(() => withMemory(assemble("(module)"), new Uint8Array(0))).toThrow("no memory of its own");
});

test("mutable globals can be seen", () => {
  const { bytes, names } = exportMutableGlobals(MODULE);
  const exports = exportsOf(bytes);
  expect(names.map((name) => (exports[name] as { value: unknown }).value)).toEqual([1024, -5000000000n, 0.5]);
  expect(exports["f"]).toBeTypeOf("function");
});

test("exports can be taken away", () => {
  expect(Object.keys(exportsOf(keepExports(MODULE, ["f", "unknown"])))).toEqual(["f"]);
  expect(Object.keys(exportsOf(MODULE))).toEqual(["memory", "f"]);
});
