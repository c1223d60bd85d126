import type { FunctionNode, Graph } from "../engine/graph.ts";
import { MovedHints, readBranchHints, withBranchHints } from "../wasm/branch-hints.ts";
import { encodeCode, functionCode } from "../wasm/code.ts";
import { narrowJumpTable } from "../wasm/dead-code.ts";
import { functionNames } from "../wasm/function-names.ts";
import { readModule, SectionId } from "../wasm/module.ts";
import { referencesOf } from "../wasm/references.ts";
import { replaceSections } from "../wasm/rewrite.ts";

/** The function that executes bytecode. */
const INTERPRETER = "JS_CallInternal";

/** The interpreter's table of opcodes is the only one so large. */
const LEAST_LABELS = 200;

/** A runtime that executes some opcodes only. */
export interface NarrowRuntime {
  readonly wasm: Uint8Array;
  /** The graph of it. */
  readonly graph: Graph;
}

/**
 * Takes the code of the opcodes that a program does not have out of the interpreter. Nothing makes bytecode at run time; such an
 * opcode would throw, as an unknown one does.
 */
export function narrowInterpreter(runtime: Uint8Array, graph: Graph, opcodes: readonly number[]): NarrowRuntime {
  const info = readModule(runtime);
  const names = functionNames(info);
  const used = new Set(opcodes);
  const hints = readBranchHints(info);
  const [at = -1] = [...names].find(([, name]) => name === INTERPRETER) ?? [];
  const moved = new MovedHints(hints.get(at));
  let tables = 0;
  let interpreter: Uint8Array = new Uint8Array();
  const bodies = [...functionCode(info)].map(([index, body]) => {
    if (index !== at) {
      return body;
    }
    interpreter = narrowJumpTable(
      body,
      ({ operands }) => operands.length > LEAST_LABELS,
      ({ operands }, first) => {
        tables++;
        const unknown = operands.at(-1) ?? 0;
        return operands.map((label, nth) => (nth === operands.length - 1 || used.has(first + nth) ? label : unknown));
      },
      moved,
    );
    return interpreter;
  });
  if (tables !== 1) {
    throw new Error(`expected one table of opcodes in ${INTERPRETER}, there are ${tables}`);
  }
  const rewritten = replaceSections(runtime, info, (section) =>
    section.id === SectionId.Code ? encodeCode(bodies) : section.bytes,
  );
  const wasm = withBranchHints(rewritten, new Map([...hints, [at, moved.hints]]));
  return { wasm, graph: withInterpreter(graph, interpreter, names) };
}

/** The same graph with what the narrowed code refers to. Of the functions whose address it takes, all stay. */
function withInterpreter(graph: Graph, code: Uint8Array, names: ReadonlyMap<number, string>): Graph {
  const { calls, values } = referencesOf(code);
  const called = new Set([...calls].map((index) => names.get(index)));
  const narrow = (node: FunctionNode): FunctionNode => ({
    ...node,
    calls: graph.functions.flatMap(({ name }, number) => (called.has(name) ? [number] : [])),
    constants: graph.constants.flatMap(({ offset, length }, number) =>
      [...values].some((value) => value >= offset && value < offset + length) ? [number] : [],
    ),
  });
  return { ...graph, functions: graph.functions.map((node) => (node.name === INTERPRETER ? narrow(node) : node)) };
}
