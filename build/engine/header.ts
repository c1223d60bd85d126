import * as abi from "../../src/abi/index.ts";
import type { ParamKind, Params } from "../../src/abi/index.ts";

const PRELUDE = `/* Generated from src/abi by build/engine/header.ts. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __wasm__
#define IMPORT(name) __attribute__((import_module("env"), import_name(#name)))
#define EXPORT(name) __attribute__((export_name(#name)))
#else /* the shim's unit tests, with a host of their own */
#define IMPORT(name)
#define EXPORT(name)
#endif
#define BUILD_EXPORT(name) EXPORT(name)
`;

const ENUMS = {
  PROXY_STATUS: abi.Status,
  PROXY_LOG_LEVEL: abi.LogLevel,
  PROXY_MAP_TYPE: abi.MapType,
  PROXY_BUFFER_TYPE: abi.BufferType,
  PROXY_STREAM_TYPE: abi.StreamType,
  PROXY_ACTION: abi.Action,
  PROXY_METRIC_TYPE: abi.MetricType,
  PROXY_PEER_TYPE: abi.PeerType,
};

const C_PARAMETERS: Readonly<Record<ParamKind, (name: string) => string>> = {
  u32: (name) => `uint32_t ${name}`,
  i32: (name) => `int32_t ${name}`,
  u64: (name) => `uint64_t ${name}`,
  i64: (name) => `int64_t ${name}`,
  bytes: (name) => `const char *${name}_data, size_t ${name}_size`,
  out_bytes: (name) => `char **${name}_data, size_t *${name}_size`,
  out_u32: (name) => `uint32_t *${name}`,
  out_u64: (name) => `uint64_t *${name}`,
};

function enumText(prefix: string, values: Readonly<Record<string, number>>): string {
  const fields = Object.entries(values).map(([name, value]) => {
    const words = name.replaceAll(/([a-z])([A-Z])/g, "$1_$2").toUpperCase();
    return `  ${prefix}_${words} = ${value},\n`;
  });
  return `enum {\n${fields.join("")}};\n`;
}

function prototype(name: string, params: Params): string {
  const list = Object.entries(params).map(([param, kind]) => C_PARAMETERS[kind](param));
  return `IMPORT(${name}) uint32_t ${name}(${list.join(", ") || "void"});\n`;
}

/** The C header of the ABI, for the shim. */
export function abiHeader(): string {
  const enums = Object.entries(ENUMS).map(([prefix, values]) => enumText(prefix, values));
  const prototypes = Object.entries(abi.HOST_CALLS).map(([name, params]) => prototype(name, params));
  return [PRELUDE, ...enums, prototypes.join("")].join("\n");
}
