import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { packageRoot } from "../build/package-root.ts";
import { run, runNode } from "./run-node.ts";
import type { Outcome } from "./run-node.ts";
import { tempProject } from "./temp-project.ts";
import type { TempProject } from "./temp-project.ts";

async function succeed(outcome: Promise<Outcome>): Promise<void> {
  const { status, stdout, stderr } = await outcome;
  if (status !== 0) {
    throw new Error(`status ${status}\n${stdout}${stderr}`);
  }
}

/** A project of a user's: files, and this package installed from what would be published. */
export async function projectWithPackage(files: Readonly<Record<string, string>>): Promise<TempProject> {
  const project = await tempProject({ "package.json": `{ "private": true, "type": "module" }`, ...files });
  try {
    const tsc = join(packageRoot, "node_modules/typescript/lib/tsc.js");
    await succeed(runNode([tsc, "-p", "tsconfig.package.json"], packageRoot));
    await succeed(run("npm", ["pack", "--ignore-scripts", "--pack-destination", project.path("")], packageRoot));
    const packed = (await readdir(project.path(""))).find((name) => name.endsWith(".tgz")) ?? "";
    // No scripts: what the package needs at its user's is Node alone.
    const install = ["install", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", `./${packed}`];
    await succeed(run("npm", install, project.path("")));
    return project;
  } catch (error) {
    await project[Symbol.asyncDispose]();
    throw error;
  }
}
