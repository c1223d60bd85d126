import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { run } from "./native-program.ts";

const source = fileURLToPath(new URL("allocator.c", import.meta.url));

test("the allocator's native cases pass, with undefined behaviour being an error", async () => {
  const folder = await mkdtemp(join(tmpdir(), "allocator-"));
  try {
    const program = join(folder, "allocator");
    const flags = ["-g", "-O2", "-Wall", "-Werror", "-fsanitize=undefined", "-fno-sanitize-recover=undefined"];
    await run("gcc", [...flags, "-o", program, source]);
    const { stdout } = await run(program, []);
    const names = [...(await readFile(source, "utf8")).matchAll(/ RUN\((\w+)\)/g)].map(([, name = ""]) => name);
    expect(names.length).toBeGreaterThan(0);
    expect(stdout.trimEnd().split("\n")).toEqual(names.filter((name) => name !== "name").map((name) => `ok ${name}`));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 120_000);
