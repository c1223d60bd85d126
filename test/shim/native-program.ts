import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { writeRuntimeSources } from "../../build/engine/engine.ts";
import { bundle } from "../../build/steps/bundle.ts";
import { compile } from "../../build/steps/compile.ts";
import type { Program } from "../../scripts/debian-tools.ts";

export const run = promisify(execFile);

const here = fileURLToPath(new URL(".", import.meta.url));
const CFLAGS = ["-O1", "-w", "-D_GNU_SOURCE", "-DQJS_DISABLE_PARSER", "-fno-omit-frame-pointer"];

const GCC: Program = { path: "gcc", env: {} };

const folderOf = (unit: string) => fileURLToPath(new URL(`../../.cache/shim-${unit}/`, import.meta.url));

async function hashOf(folder: string, command: readonly string[]): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(command));
  for (const name of (await readdir(folder)).sort()) {
    hash.update(await readFile(join(folder, name)));
  }
  return hash.digest("hex");
}

/**
 * Compiles shim and engine natively, with a C file of this folder around them. The engine takes a compiler half a minute: only done
 * when a source has changed.
 *
 * @param unit - "cases" for cases.c
 * @param options - `compiler`: other than gcc; `name`: the program's, when more than one is made of a unit
 * @returns the program's path
 */
export async function compileNatively(
  unit: string,
  flags: readonly string[],
  { compiler = GCC, name = unit }: { compiler?: Program; name?: string } = {},
): Promise<string> {
  const program = join(folderOf(unit), name);
  const sources = join(folderOf(unit), "src"); // emptied first
  await writeRuntimeSources(sources);
  for (const source of (await readdir(here)).filter((file) => file.endsWith(".h") || file === `${unit}.c`)) {
    await copyFile(join(here, source), join(sources, source));
  }
  const command = [compiler.path, ...CFLAGS, ...flags];
  const stamp = `${program}.inputs`;
  const hash = await hashOf(sources, command);
  if (!existsSync(program) || !existsSync(stamp) || (await readFile(stamp, "utf8")) !== hash) {
    await run(compiler.path, [...command.slice(1), "-o", program, join(sources, `${unit}.c`), "-lm"], {
      env: { ...process.env, ...compiler.env },
    }).catch((cause: unknown) => {
      throw new Error(
        `${unit}.c does not compile with ${compiler.path}; gcc needs its sanitizers (Debian: gcc libc6-dev)`,
        {
          cause,
        },
      );
    });
    await writeFile(stamp, hash);
  }
  return program;
}

/** Makes bytecode of a filter. @returns its path */
export async function compileFilter(unit: string, entry: string): Promise<string> {
  const work = folderOf(unit);
  await mkdir(work, { recursive: true });
  const file = join(work, "program.bin");
  await writeFile(file, await compile(await bundle(entry, join(work, "program.wasm")), entry));
  return file;
}
