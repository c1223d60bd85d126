import { functionCode } from "../build/wasm/code.ts";
import { functionNames } from "../build/wasm/function-names.ts";
import { readModule } from "../build/wasm/module.ts";
import { directCalls } from "../build/wasm/references.ts";

export interface Inlining {
  /** Bytes of code that the module has. */
  readonly own: number;
  /** Bytes of callees that would be compiled again within their callers, not counting functions of nothing. */
  readonly inlined: number;
}

/**
 * What V8 without its baseline compiler, as Envoy runs it, does to a module: `should_inline` and `InlineWasmCall` in
 * src/wasm/turboshaft-graph-interface.cc, `NoLiftoffBudget` and `BudgetScaleFactor` in src/wasm/inlining-tree.h.
 *
 * @param except - callers that do not count, by name
 */
export function simulateInlining(module: Uint8Array, except: readonly string[] = []): Inlining {
  const info = readModule(module);
  const names = functionNames(info);
  const functions = [...functionCode(info)].map(([index, body]) => ({
    index,
    length: body.length,
    callees: directCalls(body).map(({ callee }) => callee),
    doesNothing: body.subarray(1, -1).every((byte) => byte === 0x01),
  }));
  const byIndex = new Map(functions.map((each) => [each.index, each]));
  const small = functions.filter(({ length }) => length < 50).length / functions.length;
  const scale = Math.min(1, Math.max(0, (small - 0.25) / 0.25));
  const factor = 2 * (1 - scale) + 5 * scale;
  let inlined = 0;
  for (const caller of functions.filter(({ index }) => !except.includes(names.get(index) ?? ""))) {
    let positions = 0;
    const visit = (callees: readonly number[], budget: number) => {
      for (const callee of callees) {
        const found = byIndex.get(callee);
        if (found === undefined || found.length >= budget || positions >= 60) {
          continue;
        }
        positions++;
        budget -= found.length;
        inlined += found.doesNothing ? 0 : found.length;
        visit(found.callees, budget);
      }
    };
    visit(caller.callees, Math.max(50, Math.floor(factor * caller.length)));
  }
  return { own: functions.reduce((sum, { length }) => sum + length, 0), inlined };
}
