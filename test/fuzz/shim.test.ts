/**
 * The shim and the engine natively under libFuzzer and the sanitizers (test/shim/fuzz.c). FUZZ_SECONDS (default 8) is how long for each
 * target, FUZZ_SEED (default 1) chooses the random numbers; with FUZZ_CORPUS=1 what is found is kept in .cache/fuzz-corpus.
 *
 * An input that ends the program is kept in .cache/shim-fuzz: move it to test/fuzz/cases, where each run begins with it.
 */

import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { beforeAll, expect, test } from "vitest";

import { run } from "../shim/native-program.ts";
import { casesOf, compileFuzzer, corpusOf, TARGETS } from "./fuzz-program.ts";
import type { Fuzzer } from "./fuzz-program.ts";

const SECONDS = Number(process.env["FUZZ_SECONDS"] ?? 8);
const SEED = Number(process.env["FUZZ_SEED"] ?? 1);
const KEEPS = process.env["FUZZ_CORPUS"] === "1";
/** Clang's pointer-overflow also objects to NULL + 0, which the engine does; what lies out of bounds is the address sanitizer's. */
const FLAGS = [
  // As gcc does: with it the engine takes each small block from malloc, where the sanitizer sees its use after it was freed.
  "-D__SANITIZE_ADDRESS__=1",
  "-gline-tables-only",
  "-fsanitize=fuzzer,address,undefined",
  "-fno-sanitize=pointer-overflow",
  "-fno-sanitize-recover=undefined",
];

let fuzzer: Fuzzer;

beforeAll(async () => {
  fuzzer = await compileFuzzer("fuzz", FLAGS);
}, 600_000);

test.each(TARGETS)(
  `nothing that a host may do crashes: %s, ${SECONDS} seconds, seed ${SEED}`,
  async (target) => {
    // libFuzzer writes what it finds into the first folder.
    const corpus = KEEPS ? corpusOf(target) : await mkdtemp(join(tmpdir(), "proxy-wasm-ts-fuzz-"));
    await mkdir(corpus, { recursive: true });
    const crash = join(dirname(fuzzer.program), `crash-${target}.bin`);
    const { stderr } = await run(
      fuzzer.program,
      [
        `-max_total_time=${SECONDS}`,
        `-seed=${SEED}`,
        `-exact_artifact_path=${crash}`,
        "-max_len=1000",
        "-timeout=120",
        "-print_final_stats=1",
        corpus,
        casesOf(target),
      ],
      { env: fuzzer.environment(target), maxBuffer: 2 ** 26 },
    ).catch((error: unknown) => error as { stderr: string });
    if (!KEEPS) {
      await rm(corpus, { recursive: true });
    }
    // What comes before it is libFuzzer's progress, thousands of lines.
    const found = /^.*(?:ERROR: |runtime error|SUMMARY: )[^]{0,6000}/m.exec(stderr)?.[0];
    expect(found, `the input is ${crash}`).toBeUndefined();
    expect(stderr).toMatch(/Done \d+ runs/);
    expect(Number(/number_of_executed_units: (\d+)/.exec(stderr)?.[1])).toBeGreaterThan(20);
  },
  (SECONDS + 120) * 1000,
);
