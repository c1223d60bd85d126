/** Remembers that a filter's types were right, so that a build of the same files need not check them again. */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { areSame } from "./file-questions.ts";
import type { FileQuestions } from "./file-questions.ts";

interface Memory {
  readonly questions: FileQuestions;
  /** How many files were checked. */
  readonly files: number;
}

/**
 * How many files were checked when nothing that the check read has changed since; undefined when something has, or nothing is
 * remembered.
 */
export function rememberedCheck(entry: string): number | undefined {
  const file = memoryFile(entry);
  if (file === undefined || !existsSync(file)) {
    return undefined;
  }
  try {
    const { questions, files } = JSON.parse(readFileSync(file, "utf8")) as Memory;
    return areSame(questions) ? files : undefined;
  } catch {
    return undefined; // of another version, or cut off
  }
}

/** @param memory - undefined: the types are wrong */
export function rememberCheck(entry: string, memory: Memory | undefined): void {
  const file = memoryFile(entry);
  if (file === undefined) {
    return;
  }
  try {
    if (memory === undefined) {
      rmSync(file, { force: true });
    } else {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, JSON.stringify(memory));
    }
  } catch {
    // Where nothing can be written, the next build checks again.
  }
}

/** Where tools keep what they can make again: in the next node_modules; undefined when there is none. */
function memoryFile(entry: string): string | undefined {
  for (let folder = dirname(entry); ; folder = dirname(folder)) {
    const modules = join(folder, "node_modules");
    if (existsSync(modules)) {
      const name = createHash("sha256").update(entry).digest("hex").slice(0, 16);
      return join(modules, ".cache", "proxy-wasm-ts", `types-${name}.json`);
    }
    if (folder === dirname(folder)) {
      return undefined;
    }
  }
}
