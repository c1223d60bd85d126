/**
 * How much of each file of src/shim the corpus reaches: `npx tsx test/fuzz/coverage.ts`, after runs with FUZZ_CORPUS=1 (CONTRIBUTING.md).
 * It takes a build of its own.
 */

import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { debianTool } from "../../scripts/debian-tools.ts";
import { run } from "../shim/native-program.ts";
import { casesOf, compileFuzzer, corpusOf, TARGETS } from "./fuzz-program.ts";

const shim = await readdir(fileURLToPath(new URL("../../src/shim/", import.meta.url)));
const flags = ["-g", "-fsanitize=fuzzer", "-fprofile-instr-generate", "-fcoverage-mapping"];
const fuzzer = await compileFuzzer("coverage", flags);
const folder = dirname(fuzzer.program);
const profiles: string[] = [];
for (const target of TARGETS) {
  const profile = join(folder, `${target}.profraw`);
  const env = { ...fuzzer.environment(target), LLVM_PROFILE_FILE: profile };
  await run(fuzzer.program, ["-runs=0", corpusOf(target), casesOf(target)], { env, maxBuffer: 2 ** 26 });
  profiles.push(profile);
}

async function llvm(name: "llvm-profdata" | "llvm-cov", ...args: string[]): Promise<string> {
  const { path, env } = await debianTool(name);
  return (await run(path, args, { env: { ...process.env, ...env }, maxBuffer: 2 ** 26 })).stdout;
}

const merged = join(folder, "coverage.profdata");
await llvm("llvm-profdata", "merge", "-o", merged, ...profiles);
const files = shim.filter((name) => name.endsWith(".c") && !["prune.c", "shim.c"].includes(name)); // a build's, and includes only
process.stdout.write(
  await llvm(
    "llvm-cov",
    "report",
    fuzzer.program,
    `-instr-profile=${merged}`,
    "-show-region-summary=false",
    "-show-branch-summary=false",
    ...files.map((name) => join(folder, "src", name)),
  ),
);
