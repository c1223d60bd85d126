import { LogLevel, Status } from "../../src/abi/index.ts";
import { KINDS } from "../engine/kinds.ts";
import { BuildError } from "../errors.ts";
import type { WasmFunction, WasmModule } from "../wasm/api.ts";
import { EngineInstance } from "../wasm/instance.ts";
import { withMemory } from "../wasm/memory-image.ts";
import { followPlan, logAllocations, plannedEnd, readPlan } from "./heap-plan.ts";
import type { HeapPlan } from "./heap-plan.ts";
import { buildRuntime, readRuntimeGraph, runtimeCode, shiftedRuntime } from "./engine-module.ts";
import type { RuntimeGraph } from "./engine-module.ts";
import { withoutKinds } from "./impossible.ts";
import { narrowInterpreters } from "./interpreter.ts";
import { reach } from "./reach.ts";
import { withRuntimeCode } from "./runtime-code.ts";
import type { Reach } from "./reach.ts";
import { describeScriptError, parseScriptError, titleOf } from "./script-error.ts";
import type { ScriptError, Sources } from "./script-error.ts";

/** A line that the filter's top level logged while it was built. */
export interface BuildLog {
  readonly level: keyof typeof LogLevel;
  readonly message: string;
}

export interface Snapshot {
  /** The runtime with the started filter in its memory; it still exports what only a build calls. */
  readonly wasm: Uint8Array;
  /** The exports that this filter needs. */
  readonly exports: readonly string[];
  /** The places in the table of functions that nothing leads to. */
  readonly deadPlaces: ReadonlySet<number>;
  /** The address at which the heap begins. */
  readonly heapStart: number;
}

export interface SnapshotOptions {
  readonly bundle: Sources;
  /** Absolute path of the filter's file. */
  readonly entry: string;
  readonly onLog: (line: BuildLog) => void;
  /** Builtins that the program does not name are left out of the memory. */
  readonly prune: boolean;
  /** The module exports the callbacks of contexts' life, whether the filter needs them or not. Default false. */
  readonly keepContexts?: boolean;
  /** Whether what the program cannot reach is left out of the code and of the constants, and the heap has no holes. It takes two more runs. */
  readonly findUnreachable: boolean;
}

/**
 * Runs a filter's top level once in the runtime, and makes a module that begins where that ended. A filter starts in a host
 * without running anything.
 *
 * @throws BuildError when the top level throws or does not end
 */
export async function snapshot(bytecode: Uint8Array, options: SnapshotOptions): Promise<Snapshot> {
  const graph = await readRuntimeGraph();
  // A filter whose code asks for its plugin needs to hear of all contexts: see src/shim/lifetime.c.
  const always = [...graph.names, ...(options.keepContexts === true ? ["pluginId"] : [])];
  if (!options.findUnreachable) {
    // As if all kinds of values could be made: to find out takes longer than what it saves.
    const names = [...always, ...Object.keys(KINDS)];
    const { bytes, module, globals } = await buildRuntime();
    const { memory, heapStart, exports } = run({ module, globals }, bytecode, { ...options, names });
    return { wasm: withMemory(bytes, memory), exports, heapStart, deadPlaces: new Set() };
  }
  const first = await smallest(bytecode, options, graph, always);
  // What the code cannot make, the shim may.
  const made = first.impossible.filter((kind) =>
    KINDS[kind]?.makers.some((maker) => first.reached.functions.has(maker)),
  );
  return made.length === 0
    ? first.snapshot
    : (await smallest(bytecode, { ...options, onLog: () => undefined }, graph, [...always, ...made])).snapshot;
}

/** A snapshot without what the program cannot reach. */
async function smallest(
  bytecode: Uint8Array,
  options: SnapshotOptions,
  graph: RuntimeGraph,
  names: readonly string[],
): Promise<{ snapshot: Snapshot; reached: Reach; impossible: readonly string[] }> {
  const { module, globals } = await buildRuntime();
  const runtime = { module, globals };
  const plan = findPlan(runtime, bytecode, { ...options, names });
  // In the runtime whose functions have other addresses the same memory has those.
  const shiftedFunctions = { module: await shiftedRuntime(), globals: [] };
  const runBoth = (followed: HeapPlan | undefined) => {
    const quiet = { ...options, names, plan: followed, onLog: () => undefined };
    return { base: run(runtime, bytecode, quiet), shifted: run(shiftedFunctions, bytecode, quiet) };
  };
  const planned = runBoth(plan);
  const { base, shifted } = planned.base.asPlanned && planned.shifted.asPlanned ? planned : runBoth(undefined);
  const { memory, heapStart, exports, opcodes, impossible } = base;
  const narrow = withoutKinds(narrowInterpreters(await runtimeCode(), opcodes), impossible);
  const roots = exports.flatMap((name) => graph.exports[name] ?? []);
  const reached = reach(narrow.graph, roots, { memory, shifted: shifted.memory, shift: graph.shift });
  for (const { offset, length } of reached.deadConstants) {
    memory.fill(0, offset, offset + length);
  }
  const wasm = withMemory(withRuntimeCode(narrow), memory);
  return { snapshot: { wasm, exports, heapStart, deadPlaces: reached.deadPlaces }, reached, impossible };
}

interface Runtime {
  readonly module: WasmModule;
  /** Names of the globals that must not change. */
  readonly globals: readonly string[];
}

interface RunOptions extends SnapshotOptions {
  /** Those that the engine looks up as texts. */
  readonly names: readonly string[];
  /** Where the heap's blocks lie. Without one they lie as they come. */
  readonly plan?: HeapPlan | undefined;
}

interface Run extends Pick<Snapshot, "exports" | "heapStart"> {
  /** Of the program's functions. */
  readonly opcodes: readonly number[];
  /** The kinds of values that the program's code cannot make: keys of KINDS. */
  readonly impossible: readonly string[];
  /** A copy. */
  readonly memory: Uint8Array;
  /** False: the plan could not be followed, and the memory is of no use. */
  readonly asPlanned: boolean;
}

function run(runtime: Runtime, bytecode: Uint8Array, options: RunOptions): Run {
  const { plan } = options;
  const { instance, heapStart, result } = execute(runtime, bytecode, options, (started) => {
    if (plan !== undefined) {
      followPlan(started, plan);
    }
  });
  const end = plan && plannedEnd(instance);
  const asPlanned = plan === undefined || end !== undefined;
  return { memory: instance.memory.slice(0, end), heapStart, asPlanned, ...readResult(result) };
}

function findPlan(runtime: Runtime, bytecode: Uint8Array, options: RunOptions): HeapPlan | undefined {
  return readPlan(execute(runtime, bytecode, options, logAllocations).instance);
}

interface Execution {
  readonly instance: EngineInstance;
  readonly heapStart: number;
  /** JSON. */
  readonly result: string;
}

/** @param begin - is called before anything is allocated */
function execute(
  runtime: Runtime,
  bytecode: Uint8Array,
  options: RunOptions,
  begin: (instance: EngineInstance) => void,
): Execution {
  const host = new BuildTimeHost(options.onLog);
  const instance = new EngineInstance(runtime.module, (name, caller) => host.call(name, caller));
  const globals = runtime.globals.map((name) => instance.global(name));
  begin(instance);
  const names = options.prune
    ? instance.write("build_allocate", cString(options.names.map((name) => `${name}\n`).join("")))
    : 0;
  const program = instance.write("build_allocate", bytecode);
  const failed = instance.call("build_run", program, bytecode.length, names);
  const result = instance.takeText(instance.call("build_result_ptr"), instance.call("build_result_len"));
  if (failed !== 0) {
    throw topLevelError(parseScriptError(result), options);
  }
  if (runtime.globals.some((name, at) => instance.global(name) !== globals[at])) {
    throw new Error("the runtime changed a global variable of WebAssembly, which a snapshot of its memory would lose");
  }
  return { instance, heapStart: instance.call("build_heap_start"), result };
}

/** What the runtime finds in place of a host: its log, and nothing else. */
class BuildTimeHost {
  readonly #onLog: (line: BuildLog) => void;

  constructor(onLog: (line: BuildLog) => void) {
    this.#onLog = onLog;
  }

  call(name: string, caller: EngineInstance): WasmFunction {
    if (name === "proxy_log") {
      return (level: number, pointer: number, length: number) => {
        this.#onLog({ level: levelName(level), message: caller.readText(pointer, length) });
        return Status.Ok;
      };
    }
    return () => Status.Unimplemented;
  }
}

function levelName(level: number): BuildLog["level"] {
  const names = Object.keys(LogLevel) as BuildLog["level"][];
  return names.find((name) => LogLevel[name] === level) ?? "Info";
}

const WHEN = "the filter's top level runs once, when the filter is built";

export function topLevelError(
  error: ScriptError,
  { bundle, entry }: Pick<SnapshotOptions, "bundle" | "entry">,
): BuildError {
  return new BuildError(describeScriptError(error, explain(error), bundle, entry));
}

function explain(error: ScriptError): string {
  if (error.name === "InternalError" && error.message === "interrupted") {
    // The engine's line tables know calls and property accesses; a loop without them is after the last one.
    return `this does not end: ${WHEN}, and it was stopped at or after this place. Look for an endless loop.`;
  }
  const hostCall = /^(\w+) cannot be called at the top level/.exec(error.message ?? "")?.[1];
  if (hostCall !== undefined) {
    return `${hostCall} has no host here: ${WHEN}. Call it from a hook.`;
  }
  return `${titleOf(error)}\n(${WHEN}, and threw this)`;
}

function readResult(result: string): Pick<Run, "exports" | "opcodes" | "impossible"> {
  const { exports, opcodes, impossible } = JSON.parse(result) as Record<string, unknown>;
  if (!Array.isArray(exports) || !Array.isArray(opcodes) || !Array.isArray(impossible)) {
    throw new Error(`the runtime did not say which exports and opcodes the filter needs: ${result}`);
  }
  return { exports: exports.map(String), opcodes: opcodes.map(Number), impossible: impossible.map(String) };
}

function cString(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}
