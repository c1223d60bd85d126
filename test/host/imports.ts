/**
 * The host calls as imports of the module. What a call's parameters are and how they travel is in the ABI's table; here they
 * are read from the module's memory, handed over under their names, and the results are written back.
 */

import { HOST_CALLS, Status } from "../../src/abi/index.ts";
import type { HostCall, ParamKind, Params } from "../../src/abi/index.ts";
import { readableValues } from "./call-log.ts";
import type { CallLog } from "./call-log.ts";
import type { Interference } from "./interference.ts";
import type { Vm } from "./vm.ts";
import type { WasmFunction } from "./wasm-api.ts";

type Input<K extends ParamKind> = K extends "u32" | "i32" ? number : K extends "bytes" ? Uint8Array : bigint;
type Output<K extends ParamKind> = K extends "out_u32" ? number : K extends "out_u64" ? bigint : Uint8Array;
type OutputKind = Extract<ParamKind, `out_${string}`>;

type Inputs<P extends Params> = { readonly [N in keyof P as P[N] extends OutputKind ? never : N]: Input<P[N]> };
type Outputs<P extends Params> = { readonly [N in keyof P as P[N] extends OutputKind ? N : never]: Output<P[N]> };

/** What each host call does. It returns a status, or its results, which means that the status is Ok. */
export type HostCalls = {
  readonly [C in HostCall]: (
    inputs: Inputs<(typeof HOST_CALLS)[C]>,
  ) =>
    Status | (Outputs<(typeof HOST_CALLS)[C]> extends Record<string, never> ? never : Outputs<(typeof HOST_CALLS)[C]>);
};

type Values = Record<string, number | bigint | Uint8Array>;
type AnyHostCall = (inputs: Values) => Status | Values;

/**
 * What is wrong with the numbers of a call whose pointers are wrong, too: hosts look at the numbers first. Undefined: nothing.
 */
export type Refusal = (inputs: Readonly<Record<string, unknown>>) => Status | undefined;

export function hostCallImports(
  vm: Vm,
  hostCalls: HostCalls,
  refusal: Refusal,
  log: CallLog,
  interference: Interference,
): Record<string, WasmFunction> {
  const imports: Record<string, WasmFunction> = {};
  for (const name of Object.keys(HOST_CALLS) as HostCall[]) {
    // The ABI's table is the proof that these parameters fit.
    const hostCall = hostCalls[name] as AnyHostCall;
    imports[name] = (...raw: readonly (number | bigint)[]) => {
      if (vm.isRestricted && name !== "proxy_log") {
        throw new Error(
          `${name} is called while the module initialises itself or allocates memory for the host, where hosts trap at it; ` +
            "call it from a callback",
        );
      }
      const contextId = vm.contextId;
      const inputs: Values = {};
      const results: Values = {};
      const status = run(vm, name, raw, inputs, results, hostCall, refusal, (values) =>
        interference.statusOf(name, () => ({ call: name, context: contextId, ...readableValues(values) })),
      );
      log.add(name, contextId, { ...inputs, ...results }, status);
      return status;
    };
  }
  return imports;
}

function run(
  vm: Vm,
  name: HostCall,
  raw: readonly (number | bigint)[],
  inputs: Values,
  results: Values,
  hostCall: AnyHostCall,
  refusal: Refusal,
  interfere: (inputs: Values) => Status | undefined,
): Status {
  const outputs = readParameters(vm, name, raw, inputs);
  const interfered = interfere(inputs);
  if (interfered !== undefined) {
    return interfered;
  }
  // Envoy starts no HTTP call whose id it cannot give back.
  if (outputs === undefined || (name === "proxy_http_call" && !outputs.every((write) => write({ call_id: 0 })))) {
    return refusal(inputs) ?? Status.InvalidMemoryAccess;
  }
  const result = hostCall(inputs);
  if (typeof result === "number") {
    return result;
  }
  Object.assign(results, result);
  return outputs.every((write) => write(result)) ? Status.Ok : Status.InvalidMemoryAccess;
}

/** Their results are not wanted when they are to go to address 0. */
const OPTIONAL_RESULTS: readonly HostCall[] = ["proxy_call_foreign_function"];

type WriteOutput = (results: Values) => boolean;

/** Fills `inputs`, and returns what writes the outputs. Undefined: a pointer points outside of the memory. */
function readParameters(
  vm: Vm,
  hostCall: HostCall,
  raw: readonly (number | bigint)[],
  inputs: Values,
): WriteOutput[] | undefined {
  const outputs: WriteOutput[] = [];
  let index = 0;
  const next = () => raw[index++] ?? 0;
  const pointer = () => Number(next()) >>> 0;
  for (const [name, kind] of Object.entries(HOST_CALLS[hostCall] as Params)) {
    switch (kind) {
      case "u32":
        inputs[name] = Number(next()) >>> 0;
        break;
      case "i32":
        inputs[name] = Number(next()) | 0;
        break;
      case "u64":
        inputs[name] = BigInt.asUintN(64, BigInt(next()));
        break;
      case "i64":
        inputs[name] = BigInt(next());
        break;
      case "bytes": {
        const bytes = vm.memory.read(pointer(), pointer());
        if (bytes === undefined) {
          return undefined;
        }
        inputs[name] = bytes;
        break;
      }
      case "out_bytes": {
        const [at, sizeAt] = [pointer(), pointer()];
        if (at !== 0 || !OPTIONAL_RESULTS.includes(hostCall)) {
          outputs.push((results) => vm.memory.writeResult(at, sizeAt, results[name] as Uint8Array));
        }
        break;
      }
      case "out_u32": {
        const at = pointer();
        outputs.push((results) => vm.memory.writeU32(at, results[name] as number));
        break;
      }
      case "out_u64": {
        const at = pointer();
        outputs.push((results) => vm.memory.writeU64(at, results[name] as bigint));
        break;
      }
    }
  }
  return outputs;
}
