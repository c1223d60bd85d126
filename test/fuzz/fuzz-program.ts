import { fileURLToPath } from "node:url";

import { debianTool } from "../../scripts/debian-tools.ts";
import { compileFilter, compileNatively } from "../shim/native-program.ts";

/** What an input is: see test/shim/fuzz.c. */
export const TARGETS = ["events", "data", "pairs", "functions"] as const;
export type Target = (typeof TARGETS)[number];

const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

/** Inputs that each run begins with. Those that have ended the program once are among them. */
export const casesOf = (target: Target) => path(`test/fuzz/cases/${target}`);

/** What runs by hand have kept, and what is fuzzed on. */
export const corpusOf = (target: Target) => path(`.cache/fuzz-corpus/${target}`);

/** A fuzzer: the program, and what its environment needs to fuzz the target. */
export interface Fuzzer {
  readonly program: string;
  environment(target: Target): Record<string, string>;
}

/** Compiles shim, engine and fuzz.c with clang, which is fetched where there is none. */
export async function compileFuzzer(name: string, flags: readonly string[]): Promise<Fuzzer> {
  const compiler = await debianTool("clang");
  const program = await compileNatively("fuzz", flags, { compiler, name });
  const bytecode = await compileFilter("fuzz", path("test/shim/fuzz-program.ts"));
  return {
    program,
    environment: (target) => ({
      PATH: process.env["PATH"] ?? "",
      PROGRAM: bytecode,
      TARGET: target,
      // A stack has names with binutils' addr2line, too.
      ASAN_OPTIONS: "detect_leaks=0:allow_addr2line=1",
      UBSAN_OPTIONS: "print_stacktrace=1:allow_addr2line=1",
    }),
  };
}
