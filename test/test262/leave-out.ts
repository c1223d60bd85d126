/**
 * Which tests a filter's code cannot meet. A bundle is one strict script whose modules esbuild has joined, which has been parsed when it
 * is built, and whose engine lacks a few builtins by choice (docs/RATIONALE.md).
 */

import type { SuiteTest } from "./suite.ts";
import type { Upstream } from "./upstream.ts";

interface Rule {
  readonly reason: string;
  readonly applies: (test: SuiteTest, upstream: Upstream) => boolean;
}

export const CODE_FROM_STRINGS = "code from strings: there is no parser";

/** Folders whose tests run, unless a rule leaves them out. */
export const FOLDERS = ["test/language", "test/built-ins", "test/annexB/built-ins"] as const;

const isIn = (...folders: string[]) => {
  return ({ path }: SuiteTest) => folders.some((folder) => path.startsWith(`test/${folder}/`));
};
const flagged = (...names: string[]) => {
  return ({ flags }: SuiteTest) => names.some((name) => flags.includes(name));
};
const hasFeature = (...names: string[]) => {
  return ({ features }: SuiteTest) => names.some((name) => features.includes(name));
};
const hasText = (pattern: RegExp) => {
  return ({ code }: SuiteTest) => pattern.test(withoutComments(code));
};

/** Tests that look for their variables in the global object. */
const GLOBAL_VARIABLES: readonly string[] = [
  "test/language/statements/variable/S12.2_A11.js",
  "test/built-ins/String/S15.5.1.1_A1_T9.js",
];

/** The first that applies is the reason. */
const RULES: readonly Rule[] = [
  { reason: "upstream's configuration leaves it out", applies: (test, upstream) => upstream.leavesOut(test) },
  { reason: "sloppy code: a bundle is strict", applies: flagged("noStrict", "raw") },
  {
    reason: "modules: esbuild joins them to a script",
    applies: (test) =>
      flagged("module")(test) ||
      isIn("language/module-code", "language/import", "language/export")(test) ||
      hasFeature("dynamic-import", "import.meta", "top-level-await", "import-attributes")(test),
  },
  {
    reason: "a syntax error: it is refused by the build",
    applies: ({ negative }) => negative !== undefined && negative.phase !== "runtime",
  },
  {
    reason: CODE_FROM_STRINGS,
    applies: (test) =>
      isIn("language/eval-code", "built-ins/eval")(test) ||
      isIn("built-ins/GeneratorFunction", "built-ins/AsyncFunction", "built-ins/AsyncGeneratorFunction")(test) ||
      test.includes.some((name) => name === "wellKnownIntrinsicObjects.js") ||
      hasText(/\beval\b(?!["'])|\bFunction(\s*\(|\.(call|apply)\b)|\b(Async|Generator|AsyncGenerator)Function\s*\(/)(
        test,
      ),
  },
  {
    reason: "scripts beside the program, their global variables, other realms and threads",
    applies: (test) =>
      isIn("language/global-code", "built-ins/Atomics")(test) ||
      GLOBAL_VARIABLES.includes(test.path) ||
      hasFeature("cross-realm", "Atomics", "IsHTMLDDA", "hashbang", "caller", "ShadowRealm")(test) ||
      hasText(/\$262\.(agent|createRealm|evalScript|AbstractModuleSource|gc)\b/)(test),
  },
  {
    reason: "builtins that the engine lacks by choice",
    applies: (test) =>
      isIn("built-ins/WeakRef", "built-ins/FinalizationRegistry")(test) ||
      hasFeature("Array.fromAsync", "WeakRef", "FinalizationRegistry", "joint-iteration", "Temporal")(test),
  },
  { reason: "sources of functions: they are not in a module", applies: isIn("built-ins/Function/prototype/toString") },
];

/** Why a test is left out; undefined: it runs. */
export function reasonToLeaveOut(test: SuiteTest, upstream: Upstream): string | undefined {
  return RULES.find(({ applies }) => applies(test, upstream))?.reason;
}

/** Good enough for the search of words: no test has them within a string that begins like a comment. */
function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
}
