import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { beforeAll, expect, test } from "vitest";

import { writeRuntimeSources } from "../../build/engine/engine.ts";
import { bundle } from "../../build/steps/bundle.ts";
import { compile } from "../../build/steps/compile.ts";

const run = promisify(execFile);
const here = fileURLToPath(new URL(".", import.meta.url));
const work = fileURLToPath(new URL("../../.cache/shim-test/", import.meta.url));
const program = join(work, "cases");

const CFLAGS = ["-g", "-O1", "-w", "-D_GNU_SOURCE", "-DQJS_DISABLE_PARSER", "-fno-omit-frame-pointer"];
const SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"];

async function sourcesHash(): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify([CFLAGS, SANITIZERS]));
  for (const name of (await readdir(work)).filter((name) => /\.[ch]$/.test(name)).sort()) {
    hash.update(await readFile(join(work, name)));
  }
  return hash.digest("hex");
}

/** The engine takes gcc half a minute: only done when a source has changed. */
async function compileCases(): Promise<void> {
  await writeRuntimeSources(work);
  for (const name of ["cases.c", "stub-host.h"]) {
    await copyFile(join(here, name), join(work, name));
  }
  const stamp = `${program}.inputs`;
  const hash = await sourcesHash();
  if (existsSync(program) && existsSync(stamp) && (await readFile(stamp, "utf8")) === hash) {
    return;
  }
  await run("gcc", [...CFLAGS, ...SANITIZERS, "-o", program, join(work, "cases.c"), "-lm"]).catch((cause: unknown) => {
    throw new Error("gcc with its sanitizers is needed for the shim's tests (Debian: gcc libc6-dev)", { cause });
  });
  await writeFile(stamp, hash);
}

beforeAll(async () => {
  await compileCases();
  const entry = join(here, "program.ts");
  const bytecode = await compile(await bundle(entry, join(work, "program.wasm")), entry);
  await writeFile(join(work, "program.bin"), bytecode);
}, 240_000);

test("the shim's native cases pass under the sanitizers, and nothing leaks", async () => {
  const { stdout, stderr } = await run(program, [join(work, "program.bin")], {
    env: { ASAN_OPTIONS: "detect_leaks=1", UBSAN_OPTIONS: "print_stacktrace=1" },
  }).catch((error: unknown) => error as { stdout: string; stderr: string });
  const expected = [...(await readFile(join(here, "cases.c"), "utf8")).matchAll(/CASE\((\w+)\)/g)].map(
    ([, name]) => name,
  );
  expect(stderr).toBe("");
  expect(stdout.split("\n").filter((line) => line !== "")).toEqual(
    expected.filter((name) => name !== "name").map((name) => `ok ${name ?? ""}`),
  );
}, 240_000);
