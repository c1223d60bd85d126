/**
 * Checks the dependencies: `npm run audit`. Licences, hashes and install scripts from the lock file; known vulnerabilities of what the
 * package passes on from the registry, where that tells any.
 */

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

import { checkDependencies, countLicences } from "./dependencies.ts";
import type { LockFile } from "./dependencies.ts";

interface Audit {
  readonly metadata?: { readonly vulnerabilities: Readonly<Record<string, number>> };
}

/** Undefined: the registry does not tell. */
async function audit(): Promise<Audit["metadata"]> {
  const args = ["audit", "--omit=dev", "--audit-level=high", "--json"];
  const { stdout } = await promisify(execFile)("npm", args).catch((error: unknown) => error as { stdout: string });
  return (JSON.parse(stdout === "" ? "{}" : stdout) as Audit).metadata;
}

const lock = JSON.parse(await readFile("package-lock.json", "utf8")) as LockFile;
const mistakes = checkDependencies(lock);
for (const [licence, count] of countLicences(lock)) {
  console.log(`${String(count).padStart(4)} ${licence}`);
}
const metadata = await audit();
if (metadata === undefined) {
  console.log("the registry has no list of vulnerabilities: not checked");
} else {
  const { high = 0, critical = 0 } = metadata.vulnerabilities;
  if (high + critical > 0) {
    mistakes.push(`${high + critical} packages have vulnerabilities of high severity: npm audit --omit=dev tells them`);
  }
}
for (const mistake of mistakes) {
  console.error(mistake);
}
process.exitCode = mistakes.length === 0 ? 0 : 1;
