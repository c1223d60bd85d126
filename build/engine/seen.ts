/** Remembers that the engine was made from what is there, so that a build of a filter need not read all of that again. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { stampsOf } from "../file-stamps.ts";
import { packageRoot } from "../package-root.ts";

const MEMORY = join(packageRoot, ".cache", "engine", "seen.json");

/** What the engine is made from, and where it is. */
const PATHS = ["package.json", "src/abi", "src/shim", "build/engine", "engine"].map((path) => join(packageRoot, path));

/** A text that is another one when a file of the engine, or one that it is made from, has changed. */
export function engineStamps(): string {
  return JSON.stringify(stampsOf(PATHS));
}

/** Whether these are the stamps of an engine that was up to date. */
export function isSeen(stamps: string): boolean {
  try {
    return readFileSync(MEMORY, "utf8") === stamps;
  } catch {
    return false; // the first build
  }
}

/** @param stamps - from before the engine was looked at: what was changed or made meanwhile is looked at again */
export function rememberSeen(stamps: string): void {
  mkdirSync(dirname(MEMORY), { recursive: true });
  writeFileSync(MEMORY, stamps);
}
