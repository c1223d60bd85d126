import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** What tells a file's versions apart without reading it; empty when there is none. A folder's changes with the names of its entries. */
export function stampOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? "" : `${found.mtimeMs} ${found.size} ${found.ino}`;
}

/** The stamps of files, of folders and of what is right in them. */
export function stampsOf(paths: readonly string[]): Readonly<Record<string, string>> {
  const all = paths.flatMap((path) => [path, ...entriesOf(path).map((name) => join(path, name))]);
  return Object.fromEntries(all.map((path) => [path, stampOf(path)]));
}

function entriesOf(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return []; // a file
  }
}
