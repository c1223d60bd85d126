import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { beforeAll, expect, test } from "vitest";

import { compileFilter, compileNatively, run } from "./native-program.ts";

const source = (name: string) => fileURLToPath(new URL(name, import.meta.url));

let program = "";
let bytecode = "";

beforeAll(async () => {
  program = await compileNatively("cases", [
    "-g",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=undefined",
    "-DFIRST_POLL=1",
  ]);
  bytecode = await compileFilter("cases", source("program.ts"));
}, 240_000);

test("the shim's native cases pass under the sanitizers, and nothing leaks", async () => {
  const { stdout, stderr } = await run(program, [bytecode], {
    env: { ASAN_OPTIONS: "detect_leaks=1", UBSAN_OPTIONS: "print_stacktrace=1" },
  }).catch((error: unknown) => error as { stdout: string; stderr: string });
  const expected = [...(await readFile(source("cases.c"), "utf8")).matchAll(/CASE\((\w+)\)/g)].map(([, name]) => name);
  expect(stderr).toBe("");
  expect(stdout.split("\n").filter((line) => line !== "")).toEqual(
    expected.filter((name) => name !== "name").map((name) => `ok ${name ?? ""}`),
  );
}, 240_000);
