import type { SourceFiles } from "./source.ts";

/** The C arrays that name builtins and their functions. */
export function builtinLists(files: SourceFiles): Set<string> {
  const names = [...files.values()].flatMap((text) => [...text.matchAll(/\bJSCFunctionListEntry (\w+)\[\]/g)]);
  return new Set(names.map(([, name = ""]) => name));
}

/** The names by which the engine's own code looks properties up, beside its predefined atoms. */
export function namesOfEngine(files: SourceFiles): string[] {
  const lookups = [...files.values()].flatMap((text) => [...text.matchAll(/\bJS_GetPropertyStr\([^"\n]*"(\w+)"\)/g)]);
  return [...new Set(lookups.map(([, name = ""]) => name))].sort();
}
