import { assemble } from "../wasm-text.ts";

/** A Proxy-Wasm module of a few bytes. @param mark - makes it another one */
export function smallModule(mark = 0): Uint8Array {
  return assemble(
    `(module (memory (export "memory") 1)
      (func (export "malloc") (param i32) (result i32) (i32.const ${mark}))
      (func (export "proxy_abi_version_0_2_1"))
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0)))`,
  );
}
