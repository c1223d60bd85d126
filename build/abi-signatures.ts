/** The functions of the ABI as WebAssembly sees them. */

import { ABI_VERSION_EXPORT, CALLBACKS, HOST_CALLS } from "../src/abi/index.ts";
import type { CallbackSignature, ParamKind, Params } from "../src/abi/index.ts";
import { signature } from "./wasm/module.ts";
import type { Signature } from "./wasm/module.ts";

/** Of each host call. */
export const HOST_CALL_SIGNATURES: Readonly<Record<string, Signature>> = mapValues(HOST_CALLS, (params: Params) =>
  signature(Object.values(params).flatMap(wasmTypes), ["i32"]),
);

/** Of each callback, and of what a host calls beside. */
export const EXPORT_SIGNATURES: Readonly<Record<string, Signature>> = {
  ...mapValues(CALLBACKS, ({ params, returns }: CallbackSignature) =>
    signature(
      params.map(() => "i32"),
      returns ? ["i32"] : [],
    ),
  ),
  [ABI_VERSION_EXPORT]: "() -> ()",
  malloc: "(i32) -> i32",
};

function wasmTypes(kind: ParamKind): string[] {
  switch (kind) {
    case "u64":
    case "i64":
      return ["i64"];
    case "bytes":
    case "out_bytes":
      return ["i32", "i32"];
    case "u32":
    case "i32":
    case "out_u32":
    case "out_u64":
      return ["i32"];
  }
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, change: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
