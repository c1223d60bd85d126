import { writeFile } from "node:fs/promises";

import binaryen from "binaryen";

/** The smallest module that Envoy takes as an HTTP filter: no callback of a stream, so Envoy makes no call for a request. */
const TEXT = `(module
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 1)))`;

/** Makes the module of the empty filter. */
export async function buildNone(wasm: string): Promise<void> {
  const module = binaryen.parseText(TEXT);
  try {
    await writeFile(wasm, module.emitBinary());
  } finally {
    module.dispose();
  }
}
