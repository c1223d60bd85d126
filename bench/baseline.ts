import { existsSync } from "node:fs";
import { cp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { CACHE, entryOf, ROOT } from "./folders.ts";
import type { BenchFilter, FilterName } from "./modules.ts";
import { runTool } from "./tool.ts";
import type { Tool } from "./tool.ts";

const GIT: Tool = { program: "git", howToGet: "Install git." };
const NPM: Tool = { program: "npm", howToGet: "It comes with Node." };
const NODE: Tool = { program: process.execPath, howToGet: "It runs this." };

/** Another commit of this project, ready to build filters. */
export interface Baseline {
  /** What its filters are called. */
  readonly variant: string;
  /** The commit, with its subject. */
  readonly version: string;
  /** A filter of this checkout, built with the engine, the SDK and the build of that commit; the jump filter is that commit's own. */
  build(filter: FilterName): Promise<BenchFilter>;
}

/**
 * Checks a commit out and builds its engine, into .cache/bench/baseline. What is there from an earlier run is used again.
 *
 * @param reference - anything that git takes for a commit
 * @param report - is given a line for each step that takes long
 */
export async function prepareBaseline(reference: string, report: (line: string) => void): Promise<Baseline> {
  const commit = (await git("rev-parse", "--verify", `${reference}^{commit}`)).trim();
  const folder = join(CACHE, "baseline", commit);
  const ready = join(folder, ".cache", "bench-ready");
  if (!existsSync(ready)) {
    report(`baseline: checking out ${reference}`);
    await rm(folder, { recursive: true, force: true });
    await git("worktree", "prune");
    await git("worktree", "add", "--detach", folder, commit);
    await installModules(folder);
    report("baseline: building its engine, which takes minutes unless it is the same as this checkout's");
    await copyEngine(folder);
    await tsx(folder, join("build", "engine", "main.ts"));
    await writeFile(ready, "");
  }
  const variant = `ts@${commit.slice(0, 8)}`;
  return {
    variant,
    version: (await git("log", "-1", "--format=%h %s", commit)).trim(),
    build: async (filter) => {
      const wasm = join(folder, ".cache", `${filter}.wasm`);
      await tsx(folder, join("build", "cli.ts"), "build", await entryInside(folder, filter), "-o", wasm);
      return { filter, variant, code: { kind: "wasm", wasm } };
    },
  };
}

async function installModules(folder: string): Promise<void> {
  const lock = (root: string) => readFile(join(root, "package-lock.json"), "utf8");
  if ((await lock(folder)) === (await lock(ROOT))) {
    await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"), "dir");
  } else {
    await runTool(NPM, ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: folder });
  }
}

/** The engine and what is known of its inputs: where they are that commit's too, its build has nothing to do. */
async function copyEngine(folder: string): Promise<void> {
  for (const part of ["engine", join(".cache", "engine")]) {
    if (existsSync(join(ROOT, part))) {
      await cp(join(ROOT, part), join(folder, part), { recursive: true });
    }
  }
}

async function entryInside(folder: string, filter: FilterName): Promise<string> {
  if (filter === "jump") {
    return join("src", "filter", "filter.ts");
  }
  // Inside of that commit's package, so that "proxy-wasm-ts" is its SDK.
  const copies = join(folder, "bench", "filters");
  await mkdir(copies, { recursive: true });
  await cp(entryOf(filter), join(copies, `${filter}.ts`));
  return join("bench", "filters", `${filter}.ts`);
}

function git(...args: string[]): Promise<string> {
  return runTool(GIT, args, { cwd: ROOT });
}

async function tsx(folder: string, ...args: string[]): Promise<void> {
  await runTool(NODE, ["--import", import.meta.resolve("tsx"), ...args], { cwd: folder });
}
