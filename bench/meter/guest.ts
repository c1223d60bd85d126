import { CompiledFilter } from "../../test/host/module.ts";
import { wasm } from "../../test/host/wasm-api.ts";
import type { WasmExports, WasmFunction, WasmImports } from "../../test/host/wasm-api.ts";
import type { MeteredModule } from "./meter.ts";

/** What a module has done so far, or between two moments. */
export interface Counts {
  /** By function. */
  readonly instructions: ReadonlyMap<string, number>;
  readonly calls: ReadonlyMap<string, number>;
  /** By the name of the import. */
  readonly hostCalls: ReadonlyMap<string, number>;
}

/** A filter for the test host whose counts can be read. */
export interface MeteredGuest {
  readonly filter: CompiledFilter;
  counts(): Counts;
}

interface WasmGlobal {
  readonly value: bigint;
}

/** A module for the test host whose counters can be read. It is run in one VM only. */
export function openGuest(
  bytes: Uint8Array,
  wrap: (imports: WasmImports) => WasmImports = (imports) => imports,
): { readonly filter: CompiledFilter; readonly read: (counter: string) => number } {
  const module = new wasm.Module(bytes);
  let exports: WasmExports = {};
  const filter = new CompiledFilter({
    instantiate: (imports) => {
      exports = new wasm.Instance(module, wrap(imports)).exports;
      return exports;
    },
  });
  return { filter, read: (counter) => Number((exports[counter] as WasmGlobal).value) };
}

/** @param metered - is run in one VM only */
export function meteredGuest({ bytes, functions }: MeteredModule): MeteredGuest {
  const hostCalls = new Map<string, number>();
  const counted = (name: string, run: WasmFunction): WasmFunction => {
    const call = run as (...parameters: unknown[]) => unknown;
    return (...parameters: unknown[]) => {
      hostCalls.set(name, (hostCalls.get(name) ?? 0) + 1);
      return call(...parameters);
    };
  };
  const { filter, read } = openGuest(bytes, (imports) => {
    const wrapped = Object.entries(imports).map(([from, calls]) => {
      const entries = Object.entries(calls).map(([name, run]) => [name, counted(name, run)] as const);
      return [from, Object.fromEntries(entries)] as const;
    });
    return Object.fromEntries(wrapped);
  });
  const readAll = (which: "instructions" | "calls") => new Map(functions.map((one) => [one.name, read(one[which])]));
  return {
    filter,
    counts: () => ({ instructions: readAll("instructions"), calls: readAll("calls"), hostCalls: new Map(hostCalls) }),
  };
}

/** What was done between two moments, for each of so many requests. */
export function perRequest(before: Counts, after: Counts, requests: number): Counts {
  const divide = (from: ReadonlyMap<string, number>, to: ReadonlyMap<string, number>) =>
    new Map(
      [...to]
        .map(([name, count]) => [name, (count - (from.get(name) ?? 0)) / requests] as const)
        .filter(([, count]) => count > 0),
    );
  return {
    instructions: divide(before.instructions, after.instructions),
    calls: divide(before.calls, after.calls),
    hostCalls: divide(before.hostCalls, after.hostCalls),
  };
}

export function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
