/** Programs of tests that come as Go modules, pinned by go-tools/go.sum: oras, and the registry that it pushes to. */

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { withFileLock } from "./file-lock.ts";

const run = promisify(execFile);

const CACHE = fileURLToPath(new URL("../.cache/go-tools/", import.meta.url));
const SOURCES = fileURLToPath(new URL("go-tools/", import.meta.url));

/** Where each is built from. */
const PACKAGES = { oras: "oras.land/oras/cmd/oras", registry: "./registry" } as const;

export type GoTool = keyof typeof PACKAGES;

/** The folder of the programs that were built, for a PATH. */
export const goToolsFolder: string = CACHE;

/**
 * The absolute path of a program. Builds it when it is not there, or not that of `go-tools/` any more.
 *
 * @throws Error when there is no Go, or the modules cannot be had
 */
export async function goTool(name: GoTool): Promise<string> {
  const program = join(CACHE, name);
  const stamp = `${program}.sha256`;
  const wanted = await sourcesHash();
  await withFileLock(join(CACHE, `${name}.lock`), async () => {
    if ((await readFile(stamp, "utf8").catch(() => "")) !== wanted) {
      process.stderr.write(`building ${name} into .cache/go-tools (once, about a minute) ...\n`);
      await mkdir(CACHE, { recursive: true });
      await build(PACKAGES[name], program);
      await writeFile(stamp, wanted);
    }
  });
  return program;
}

async function sourcesHash(): Promise<string> {
  const hash = createHash("sha256");
  for (const entry of await readdir(SOURCES, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) {
      hash.update(await readFile(join(entry.parentPath, entry.name)));
    }
  }
  return hash.digest("hex");
}

async function build(source: string, program: string): Promise<void> {
  const options = ["-trimpath", "-buildvcs=false", "-mod=readonly", "-ldflags=-s -w"];
  const env = { ...process.env, CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off" };
  try {
    await run("go", ["build", ...options, "-o", program, source], { cwd: SOURCES, env, maxBuffer: 1 << 26 });
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") {
      throw new Error("there is no go: install Go 1.26 or newer (its download page, or your distribution's package)", {
        cause,
      });
    }
    const said = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : String(cause);
    throw new Error(`cannot build ${source}: ${said}`, { cause });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    for (const name of Object.keys(PACKAGES) as GoTool[]) {
      console.log(await goTool(name));
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
