import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import { parents } from "../parent-folders.ts";

/** Where a filter's project settings are, and where they could be. */
export interface ProjectSettings {
  readonly files: readonly string[];
  readonly missing: readonly string[];
}

/**
 * Finds the `tsconfig.json` that holds for a folder, with those that it extends.
 *
 * Only for watching them: who reads them in earnest are esbuild and TypeScript, each a process of its own.
 */
export function findProjectSettings(folder: string): ProjectSettings {
  const candidates = parents(folder).map((parent) => join(parent, "tsconfig.json"));
  const at = candidates.findIndex((file) => existsSync(file));
  const nearer = at === -1 ? candidates : candidates.slice(0, at);
  const found = candidates[at];
  return { files: found === undefined ? [] : [...withExtended(found, new Set())], missing: nearer };
}

function withExtended(file: string, seen: Set<string>): Set<string> {
  if (seen.has(file)) {
    return seen;
  }
  seen.add(file);
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const value = /"extends"\s*:\s*("[^"]*"|\[[^\]]*\])/.exec(text)?.[1] ?? "";
  for (const [, path = ""] of value.matchAll(/"(\.[^"]*)"/g)) {
    withExtended(resolve(dirname(file), path.endsWith(".json") ? path : `${path}.json`), seen);
  }
  return seen;
}
