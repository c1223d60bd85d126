/** Calls between host and module as Envoy's log shows them with `--component-log-level wasm:trace`. */

import type { Log } from "./log.ts";
import type { WasmExports, WasmFunction, WasmImports } from "./wasm-api.ts";

type Traced = (...parameters: (number | bigint)[]) => number | bigint | undefined;

/** Writes what goes in and what comes out of a function that the arrows say the way of. */
function traced(run: Traced, name: string, into: string, back: string, log: Log): Traced {
  return (...parameters) => {
    log.add("trace", `[${into}] ${name}(${parameters.join(", ")})`);
    const result = run(...parameters);
    log.add("trace", `[${back}] ${name} return: ${result ?? "void"}`);
    return result;
  };
}

/** What the module calls. */
export function traceImports(imports: WasmImports, log: Log): WasmImports {
  const trace = (module: string, functions: Record<string, WasmFunction>) =>
    Object.entries(functions).map(([name, run]) => [
      name,
      traced(run as Traced, `${module}.${name}`, "vm->host", "vm<-host", log),
    ]);
  return Object.fromEntries(
    Object.entries(imports).map(([module, functions]) => [
      module,
      Object.fromEntries(trace(module, functions)) as Record<string, WasmFunction>,
    ]),
  );
}

/** What the host calls. */
export function traceExports(exports: WasmExports, log: Log): WasmExports {
  return Object.fromEntries(
    Object.entries(exports).map(([name, value]) => [
      name,
      typeof value === "function" ? traced(value as Traced, name, "host->vm", "host<-vm", log) : value,
    ]),
  );
}
