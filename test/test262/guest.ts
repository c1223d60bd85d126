import { Status } from "../../src/abi/index.ts";
import { buildRuntime, readParts, readRuntimeGraph } from "../../build/steps/engine-module.ts";
import { compile } from "../../build/steps/compile.ts";
import { prune } from "../../build/steps/prune.ts";
import { snapshot, topLevelError } from "../../build/steps/snapshot.ts";
import { parseScriptError } from "../../build/steps/script-error.ts";
import { strip } from "../../build/steps/strip.ts";
import type { Bundle } from "../../build/steps/bundle.ts";
import { EngineInstance } from "../../build/wasm/instance.ts";
import { wasm } from "../host/wasm-api.ts";
import type { WasmExports, WasmFunction, WasmImports, WasmMemory } from "../host/wasm-api.ts";

/**
 * How a program is run. `kept`: with all builtins. `pruned`: without those that it does not name, by the whole engine, as
 * `proxy-wasm-ts dev` does. `module`: in the module that `proxy-wasm-ts build` makes, without the code that nothing reaches, too.
 */
export type Mode = "kept" | "pruned" | "module";

const ENTRY = "/test262/filter.ts";
const PLUGIN = 1;
const STREAM = 2;

/** A program that is compiled, and not run yet. */
export interface Program {
  readonly bundle: Bundle;
  readonly bytecode: Uint8Array;
}

/** @throws BuildError when its syntax is wrong */
export async function compileProgram(bundle: Bundle): Promise<Program> {
  return { bundle, bytecode: await compile(bundle, ENTRY) };
}

/** What the program logs in one request. @throws Error when its top level throws, or it traps */
export async function logsOf(program: Program, mode: Mode): Promise<string[]> {
  const lines: string[] = [];
  const callbacks = mode === "module" ? await startModule(program, lines) : await startInEngine(program, mode, lines);
  callbacks("proxy_on_context_create", PLUGIN, 0);
  callbacks("proxy_on_vm_start", PLUGIN, 0);
  callbacks("proxy_on_configure", PLUGIN, 0);
  callbacks("proxy_on_context_create", STREAM, PLUGIN);
  callbacks("proxy_on_request_headers", STREAM, 0, 1);
  return lines;
}

type Callbacks = (name: string, ...parameters: number[]) => void;

/** The program goes on in the instance that has run its top level: the heap of a module, which need not be written and read. */
async function startInEngine({ bundle, bytecode }: Program, mode: Mode, lines: string[]): Promise<Callbacks> {
  const { module } = await buildRuntime();
  const { names } = await readRuntimeGraph();
  const instance = new EngineInstance(module, (name, caller) => hostCall(name, () => caller.memory, lines));
  const text = Buffer.from(`${names.map((name) => `${name}\n`).join("")}\0`);
  const kept = mode === "pruned" ? instance.write("build_allocate", text) : 0;
  const code = instance.write("build_allocate", bytecode);
  if (instance.call("build_run", code, bytecode.length, kept) !== 0) {
    const report = instance.readText(instance.call("build_result_ptr"), instance.call("build_result_len"));
    throw topLevelError(parseScriptError(report), { bundle, entry: ENTRY });
  }
  return (name, ...parameters) => {
    instance.call(name, ...parameters);
  };
}

async function startModule({ bundle, bytecode }: Program, lines: string[]): Promise<Callbacks> {
  const options = { bundle, entry: ENTRY, onLog: () => undefined, prune: true, findUnreachable: true };
  const started = await snapshot(bytecode, options);
  const module = new wasm.Module(strip(prune(started.wasm, started.deadPlaces), started.exports, await readParts()));
  let exports: WasmExports = {};
  const memory = () => new Uint8Array((exports["memory"] as WasmMemory).buffer);
  const imports: WasmImports = {};
  for (const { module: from, name } of wasm.Module.imports(module)) {
    (imports[from] ??= {})[name] = from === "env" ? hostCall(name, memory, lines) : wasiCall(name, memory);
  }
  exports = new wasm.Instance(module, imports).exports;
  return (name, ...parameters) => {
    (exports[name] as ((...parameters: number[]) => number) | undefined)?.(...parameters);
  };
}

/** A host that writes the log and has nothing. */
function hostCall(name: string, memory: () => Uint8Array, lines: string[]): WasmFunction {
  if (name === "proxy_log") {
    return (_level: number, pointer: number, length: number) => {
      lines.push(Buffer.from(memory().subarray(pointer, pointer + length)).toString("utf8"));
      return Status.Ok;
    };
  }
  return () => (name.startsWith("proxy_get_") ? Status.NotFound : Status.Ok);
}

/** No time passes, so that the guard counts calls: a test has the same end on each machine. */
function wasiCall(name: string, memory: () => Uint8Array): WasmFunction {
  return (_clock: number, _precision: bigint, result: number) => {
    if (name !== "clock_time_get") {
      return 52; // ENOSYS
    }
    new DataView(memory().buffer).setBigUint64(result, 0n, true);
    return 0;
  };
}
