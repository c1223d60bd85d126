/**
 * `npm run test:mesh`: installs what a mesh needs, and runs the tests of this folder beside one, in namespaces of their own.
 * Arguments are vitest's. Environment: MESH_LIMIT_S, how long the tests may take (default: 600).
 */

import { execFile } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { buildBackGolang } from "../../demo/services.ts";
import { withFileLock } from "../../scripts/file-lock.ts";
import { goTool } from "../../scripts/go-tools.ts";
import { installMeshPrograms } from "../../scripts/mesh-programs.ts";
import { pythonTool } from "../../scripts/python-tools.ts";
import { checkNamespaces, runInNamespaces } from "./namespaces.ts";

const run = promisify(execFile);

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const CACHE = join(ROOT, ".cache", "mesh");
/** Logs, keys and databases of one run. Only the logs remain. */
const RUN = join(CACHE, "run");
const VITEST = join(ROOT, "node_modules", "vitest", "vitest.mjs");

/** One mesh, and one file of tests after the other; the output is the walk-through's transcript. */
const VITEST_OPTIONS = ["--no-file-parallelism", "--reporter=verbose", "--disable-console-intercept=true"];

async function main(): Promise<number> {
  const limitS = readLimit(process.env["MESH_LIMIT_S"] ?? "600");
  const interrupted = new AbortController();
  let isInstalling = true;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(name, () => {
      if (isInstalling) {
        // scripts/child.ts ends what runs.
        process.exit(130);
      }
      interrupted.abort(new Error(`ended by ${name}`));
    });
  }
  await checkNamespaces();
  await checkPackages();
  await pythonTool("envoy");
  await goTool("registry");
  await goTool("oras");
  await installMeshPrograms((line) => {
    console.error(line);
  });
  await buildBackGolang();
  return withFileLock(join(CACHE, "run.lock"), async () => {
    isInstalling = false;
    const tooLong = new AbortController();
    const timer = setTimeout(() => {
      tooLong.abort(new Error(`the tests of the mesh took longer than ${limitS} s (MESH_LIMIT_S)`));
    }, limitS * 1000);
    await rm(RUN, { recursive: true, force: true });
    const temporary = join(RUN, "state", "tmp");
    await mkdir(temporary, { recursive: true });
    try {
      return await runInNamespaces(
        process.execPath,
        [VITEST, "run", "--project", "mesh", ...VITEST_OPTIONS, ...process.argv.slice(2)],
        {
          env: { PROXY_WASM_TS_MESH: RUN, TMPDIR: temporary },
          signal: AbortSignal.any([interrupted.signal, tooLong.signal]),
        },
      );
    } finally {
      clearTimeout(timer);
      await rm(join(RUN, "state"), { recursive: true, force: true });
      console.error(`The mesh's logs are in ${relative(process.cwd(), join(RUN, "logs"))}`);
    }
  });
}

function readLimit(text: string): number {
  const seconds = Number(text);
  if (!Number.isInteger(seconds) || seconds <= 0) {
    throw new Error(`MESH_LIMIT_S must be a number of seconds, not ${JSON.stringify(text)}`);
  }
  return seconds;
}

/** What the tests run with make would fetch packages, where there is no network. */
async function checkPackages(): Promise<void> {
  await run("make", ["--question", "install"]).catch((cause: unknown) => {
    throw new Error("the packages in node_modules are older than package.json: run npm ci first", { cause });
  });
}

process.chdir(ROOT);
try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
