/** Calls between host and module in the log, as Envoy's shows them with `--component-log-level wasm:trace`. */

import type { Log } from "./log.ts";
import { UNRECORDED } from "./wasm-api.ts";
import type { GuestModule, WasmFunction } from "./wasm-api.ts";

type Traced = (...parameters: (number | bigint)[]) => number | bigint | undefined;

/** A module whose calls to and from the host are written into the log. */
export function tracedModule(module: GuestModule, log: Log): GuestModule {
  return {
    instantiate(imports) {
      const traced = Object.entries(imports).map(([from, functions]) => [
        from,
        from === UNRECORDED ? functions : traceAll(functions, `${from}.`, "vm->host", "vm<-host", log),
      ]);
      const exports = module.instantiate(Object.fromEntries(traced) as typeof imports);
      return traceAll(exports, "", "host->vm", "host<-vm", log);
    },
  };
}

/** The same, with functions that write what goes in and what comes out. The arrows say which way that is. */
function traceAll(
  functions: Readonly<Record<string, unknown>>,
  prefix: string,
  into: string,
  back: string,
  log: Log,
): Record<string, WasmFunction> {
  const traced =
    (run: Traced, name: string): Traced =>
    (...parameters) => {
      log.add("trace", `[${into}] ${name}(${parameters.join(", ")})`);
      const result = run(...parameters);
      log.add("trace", `[${back}] ${name} return: ${result ?? "void"}`);
      return result;
    };
  const entries = Object.entries(functions).map(([name, value]) => [
    name,
    typeof value === "function" ? traced(value as Traced, prefix + name) : value,
  ]);
  return Object.fromEntries(entries) as Record<string, WasmFunction>;
}
