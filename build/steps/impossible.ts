import type { FunctionNode } from "../engine/graph.ts";
import { bodyOf } from "../wasm/add-functions.ts";
import type { RuntimeCode } from "./runtime-code.ts";

/**
 * Kinds of values, the engine's functions that run only when there is one, and those that make one of something else. Code that
 * compares, adds or walks over values looks at their kind first, and calls the former from there.
 */
export const KINDS: Readonly<Record<string, { readonly needs: RegExp; readonly makers: readonly string[] }>> = {
  BigInt: {
    needs:
      /^(?:js_(?:compare_)?bigint_(?!constructor)|js_compare_bigint$|JS_StringToBigInt|JS_ToBigInt|JS_CompactBigInt$|__JS_NewShortBigInt$)/,
    makers: ["JS_NewBigInt64", "JS_NewBigUint64"],
  },
  Uint8Array: { needs: /^js_typed_array_/, makers: ["js_array_buffer_constructor3"] },
  Uint8ClampedArray: { needs: /^JS_ToUint8ClampFree$/, makers: [] },
  Float16Array: {
    needs: /^(?:to|from)fp16$/,
    makers: ["js_math_f16round", "js_dataview_getValue", "js_dataview_setValue"],
  },
};

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
