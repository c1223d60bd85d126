/**
 * The shim and the engine natively, under the sanitizers and a fuzzer that sees which code an input reaches (test/shim/fuzz.c).
 * FUZZ_SECONDS (default 20) and FUZZ_SEED (default 1) choose how long, and with which random numbers. With CC=clang it is libFuzzer.
 *
 * An input that ends the program is kept: move it to test/fuzz/cases, where each run begins with it.
 */

import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { compileFilter, compileNatively, run } from "../shim/native-program.ts";

const SECONDS = Number(process.env["FUZZ_SECONDS"] ?? 20);
const SEED = Number(process.env["FUZZ_SEED"] ?? 1);
const CLANG = (process.env["CC"] ?? "").includes("clang");
const SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"];

const source = (name: string) => fileURLToPath(new URL(name, import.meta.url));

test(
  `nothing that a host may do crashes: ${SECONDS} seconds, seed ${SEED}`,
  async () => {
    const program = CLANG
      ? await compileNatively(
          "fuzz",
          [...SANITIZERS, "-fsanitize=fuzzer"],
          process.env["CC"],
          "clang with libFuzzer is not there (Debian: clang libclang-rt-14-dev); without CC, gcc is used",
        )
      : await compileNatively("fuzz", [...SANITIZERS, "-fsanitize-coverage=trace-pc"]);
    const bytecode = await compileFilter("fuzz", source("../shim/program.ts"));
    const crash = source("../../.cache/shim-fuzz/crash.bin");
    const cases = (await readdir(source("cases")))
      .filter((name) => name.endsWith(".bin"))
      .map((name) => source(`cases/${name}`));
    const args = CLANG
      ? [
          `-max_total_time=${SECONDS}`,
          `-seed=${SEED}`,
          `-exact_artifact_path=${crash}`,
          "-max_len=600",
          source("cases"),
        ]
      : [String(SECONDS), String(SEED), crash, ...cases];
    const result = await run(program, args, {
      env: { PROGRAM: bytecode, ASAN_OPTIONS: "detect_leaks=0", UBSAN_OPTIONS: "print_stacktrace=1" },
      maxBuffer: 2 ** 26,
    }).catch((error: unknown) => error as { stdout: string; stderr: string });
    if (!CLANG) {
      expect(result.stderr, `the input is ${crash}`).toBe("");
    }
    expect(`${result.stdout}${result.stderr}`).toMatch(/\d+ runs/);
  },
  (SECONDS + 300) * 1000,
);
