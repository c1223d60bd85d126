import type { SourceFiles } from "./source.ts";

/** Whose code is in the runtime, for what a module says of itself (build/wasm/composition.ts). */
export interface Parts {
  /** What made it: name and version of each. */
  readonly tools: Readonly<Record<string, string>>;
  /** The functions of the shim, by name. */
  readonly shim: readonly string[];
  /** Those of the C library and of the compiler. All others are the engine's. */
  readonly library: readonly string[];
  /** Those that requests run, in the order in which they lie in a module. */
  readonly requests: readonly string[];
  /** Those that do thousands of instructions for one request: a host's compiler may put their callees into them (build/wasm/inlining-barriers.ts). */
  readonly busy: readonly string[];
}

/**
 * Sorts the runtime's functions by the source that defines them. It is one translation unit, in which nothing else tells them apart.
 *
 * @param functions - the names of the functions in the runtime
 * @param engine - the engine's C files
 * @param shim - the project's own
 */
export function sortFunctions(
  functions: readonly string[],
  engine: SourceFiles,
  shim: SourceFiles,
): Pick<Parts, "shim" | "library"> {
  const [ofEngine, ofShim] = [definedIn(engine), definedIn(shim)];
  // The compiler numbers its copies of a function.
  const source = (name: string) => name.replace(/\.\d+$/, "");
  const isOfShim = (name: string) => ofShim.has(source(name)) && !ofEngine.has(source(name));
  // The engine defines its functions JS_Throw... by macros.
  const isOfEngine = (name: string) => ofEngine.has(source(name)) || name.startsWith("JS_");
  return {
    shim: functions.filter(isOfShim).sort(),
    library: functions.filter((name) => !isOfShim(name) && !isOfEngine(name)).sort(),
  };
}

/** What stands before a parenthesis in a line that begins with a word and is no declaration: in C of either style, a definition. */
function definedIn(files: SourceFiles): Set<string> {
  const lines = [...files.values()].flatMap((text) => text.split("\n"));
  const heads = lines.filter((line) => /^[A-Za-z_].*[^;]$/.test(line)).map((line) => line.replace(/\{.*/, ""));
  return new Set(heads.flatMap((line) => [...line.matchAll(/\b([A-Za-z_]\w*)\(/g)].map(([, name = ""]) => name)));
}

/** The version that the engine's header tells. */
export function engineVersion(files: SourceFiles): string {
  const header = files.get("quickjs.h") ?? "";
  const part = (name: string) => new RegExp(`#define QJS_VERSION_${name} "?([^"\\s]*)`).exec(header)?.[1];
  const numbers = ["MAJOR", "MINOR", "PATCH"].map(part);
  if (numbers.includes(undefined)) {
    throw new Error("quickjs.h has no QJS_VERSION_MAJOR, _MINOR and _PATCH");
  }
  return numbers.join(".") + (part("SUFFIX") ?? "");
}
