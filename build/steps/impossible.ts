import type { FunctionNode } from "../engine/graph.ts";
import { KINDS } from "../engine/kinds.ts";
import { bodyOf } from "../wasm/add-functions.ts";
import type { RuntimeCode } from "./runtime-code.ts";

/**
 * Empties the functions of the engine that only values need which a program cannot make.
 *
 * @param kinds - of these values: keys of {@link KINDS}
 */
export function withoutKinds(runtime: RuntimeCode, kinds: readonly string[]): RuntimeCode {
  const { info, names, bodies, hints, graph } = runtime;
  const needs = kinds.flatMap((kind) => KINDS[kind]?.needs ?? []);
  const isNeeded = (name: string) => !needs.some((pattern) => pattern.test(name));
  const empty = (node: FunctionNode) => ({ ...node, calls: [], addresses: [], constants: [] });
  return {
    ...runtime,
    bodies: new Map(
      [...bodies].map(([index, body]) => [
        index,
        isNeeded(names.get(index) ?? "") ? body : bodyOf(info.functions[index] ?? ""),
      ]),
    ),
    hints: new Map([...hints].filter(([index]) => isNeeded(names.get(index) ?? ""))),
    graph: { ...graph, functions: graph.functions.map((node) => (isNeeded(node.name) ? node : empty(node))) },
  };
}
