import type { FunctionNode, Graph } from "../engine/graph.ts";
import { MovedHints } from "../wasm/branch-hints.ts";
import { narrowJumpTable } from "../wasm/dead-code.ts";
import { referencesOf } from "../wasm/references.ts";
import type { RuntimeCode } from "./runtime-code.ts";

/** The functions that execute bytecode: the engine's, and the shim's (src/shim/run_code.c), which goes over to the engine's. */
const INTERPRETERS = ["JS_CallInternal", "run_code"];

/** The table of opcodes is the only one of an interpreter that is so large. */
const LEAST_LABELS = 200;

/**
 * Takes the code of the opcodes that a program does not have out of the interpreters. Nothing makes bytecode at run time; such an
 * opcode would throw, as an unknown one does.
 */
export function narrowInterpreters(runtime: RuntimeCode, opcodes: readonly number[]): RuntimeCode {
  const used = new Set(opcodes);
  return INTERPRETERS.reduce((code, name) => narrowInterpreter(code, name, used), runtime);
}

function narrowInterpreter(runtime: RuntimeCode, name: string, used: ReadonlySet<number>): RuntimeCode {
  const { names, bodies, hints, graph } = runtime;
  const [at = -1] = [...names].find(([, candidate]) => candidate === name) ?? [];
  const moved = new MovedHints(hints.get(at));
  let tables = 0;
  const interpreter = narrowJumpTable(
    bodies.get(at) ?? new Uint8Array(),
    ({ operands }) => operands.length > LEAST_LABELS,
    ({ operands }, first) => {
      tables++;
      const unknown = operands.at(-1) ?? 0;
      return operands.map((label, nth) => (nth === operands.length - 1 || used.has(first + nth) ? label : unknown));
    },
    moved,
  );
  if (tables !== 1) {
    throw new Error(`expected one table of opcodes in ${name}, there are ${tables}`);
  }
  return {
    ...runtime,
    bodies: new Map([...bodies, [at, interpreter]]),
    hints: new Map([...hints, [at, moved.hints]]),
    graph: withInterpreter(graph, name, interpreter, names),
  };
}

/** The same graph with what the narrowed code refers to. Of the functions whose address it takes, all stay. */
function withInterpreter(
  graph: Graph,
  interpreter: string,
  code: Uint8Array,
  names: ReadonlyMap<number, string>,
): Graph {
  const { calls, values } = referencesOf(code);
  const called = new Set([...calls].map((index) => names.get(index)));
  const addresses = Float64Array.from(values).sort();
  const narrow = (node: FunctionNode): FunctionNode => ({
    ...node,
    calls: graph.functions.flatMap(({ name }, number) => (called.has(name) ? [number] : [])),
    constants: graph.constants.flatMap(({ offset, length }, number) =>
      hasBetween(addresses, offset, offset + length) ? [number] : [],
    ),
  });
  return { ...graph, functions: graph.functions.map((node) => (node.name === interpreter ? narrow(node) : node)) };
}

/** @param sorted - numbers, the least first */
function hasBetween(sorted: Float64Array, from: number, to: number): boolean {
  let low = 0;
  for (let high = sorted.length; low < high;) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < from) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return (sorted[low] ?? Infinity) < to;
}
