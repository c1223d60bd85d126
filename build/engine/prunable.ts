import { readElements } from "../wasm/elements.ts";
import { functionNames } from "../wasm/function-names.ts";
import { readModule } from "../wasm/module.ts";
import type { SourceFiles } from "./source.ts";

/** The C arrays that name builtins and their functions. */
export function builtinLists(files: SourceFiles): Set<string> {
  const names = [...files.values()].flatMap((text) => [...text.matchAll(/\bJSCFunctionListEntry (\w+)\[\]/g)]);
  return new Set(names.map(([, name = ""]) => name));
}

/**
 * The functions whose address is taken by a list of builtins and nowhere else. Such a function is reached through an object
 * of the heap only: when none holds it, nothing can call it by its place in the table.
 *
 * @param ir - LLVM IR of the whole unit
 */
export function prunableFunctions(ir: string, lists: ReadonlySet<string>): Set<string> {
  const listed = new Set<string>();
  const addressed = new Set<string>();
  for (const line of ir.split("\n")) {
    const global = /^@"?([\w.$]+)"? =/.exec(line)?.[1];
    const into = global !== undefined && lists.has(global) ? listed : addressed;
    const from = global === undefined ? 0 : line.indexOf("=");
    // A name with a parenthesis after it is a direct call, or the function's own definition.
    for (const [, name = ""] of line.slice(from).matchAll(/@"?([\w.$]+)"?(?![\w.$"(])/g)) {
      into.add(name);
    }
  }
  return new Set([...listed].filter((name) => !addressed.has(name)));
}

/** The names by which the engine's own code looks properties up, beside its predefined atoms. */
export function namesOfEngine(files: SourceFiles): string[] {
  const lookups = [...files.values()].flatMap((text) => [...text.matchAll(/\bJS_GetPropertyStr\([^"\n]*"(\w+)"\)/g)]);
  return [...new Set(lookups.map(([, name = ""]) => name))].sort();
}

/** The places of functions in a linked module's table. */
export function tablePlaces(module: Uint8Array, functions: ReadonlySet<string>): number[] {
  const info = readModule(module);
  const names = functionNames(info);
  const elements = readElements(info);
  return elements.functions.flatMap((index, at) =>
    functions.has(names.get(index) ?? "") ? [elements.offset + at] : [],
  );
}
