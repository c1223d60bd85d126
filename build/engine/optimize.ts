/**
 * Chooses the optimisation level for each function of the engine.
 *
 * V8 compiles a module's whole code when a filter is loaded, so bytes cost start-up time, while few functions decide a
 * request's time. Clang can set a level for a file or weaken it for a function, but not raise it for one; so the unit is
 * compiled at -O2 and, in LLVM's textual IR before any pass has run, all other functions are marked to be small.
 *
 * Measured side by side in Envoy (docs/RATIONALE.md): faster and smaller than -O2 everywhere.
 */

import { isOfOneKind } from "./kinds.ts";

/** The interpreter's loop: at -O2 its hundreds of cases grow, and get no faster. */
export const BALANCED: ReadonlySet<string> = new Set(["JS_CallInternal"]);

/**
 * @param ir - LLVM IR as clang writes it with `-O2 -Xclang -disable-llvm-passes`
 * @param hot - names of functions that stay at -O2
 * @throws Error when a hot function is not there: the list is stale
 */
export function markColdFunctions(ir: string, hot: ReadonlySet<string>): string {
  const missing = new Set(hot);
  const apart = calledByInterpreter(ir);
  const marked = ir.replace(/^define .*?@"?([\w.$]+)"?\(.*\{$/gm, (line, name: string) => {
    missing.delete(name);
    if (BALANCED.has(name)) {
      return addAttributes(line, "optsize");
    }
    if (hot.has(name)) {
      return line;
    }
    return addAttributes(line, apart.has(name) || isOfOneKind(name) ? "minsize optsize noinline" : "minsize optsize");
  });
  if (missing.size > 0) {
    throw new Error(
      `build/engine/hot-functions.txt names functions that the engine does not have: ${[...missing].join(", ")}`,
    );
  }
  return marked;
}

/**
 * What the loop calls and nobody has declared `inline`. LLVM would put a function that has one caller into it; V8 needs
 * more than its share for so large a function, which the slow paths of rare opcodes make larger.
 */
function calledByInterpreter(ir: string): Set<string> {
  const [body = ""] = [...BALANCED].flatMap((name) => new RegExp(`^define .*@${name}\\([^]*?^}$`, "m").exec(ir) ?? []);
  const called = new Set([...body.matchAll(/ call .*?@"?([\w.$]+)"?\(/g)].map(([, name = ""]) => name));
  const groups = new Map(
    [...ir.matchAll(/^attributes (#\d+) = \{(.*)\}$/gm)].map(([, id = "", text = ""]) => [id, text]),
  );
  for (const [, name = "", group = ""] of ir.matchAll(/^define .*?@"?([\w.$]+)"?\(.*?(#\d+)[^#]*\{$/gm)) {
    if ((groups.get(group) ?? "").includes("inline")) {
      called.delete(name);
    }
  }
  return called;
}

/** A definition's line ends with its attribute group, "#12 {", perhaps with metadata in between. */
function addAttributes(line: string, attributes: string): string {
  return line.replace(/( #\d+)(?!.* #\d)/, `$1 ${attributes}`);
}
