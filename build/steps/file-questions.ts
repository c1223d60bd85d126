import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

import type ts from "typescript";

import { stampOf } from "../file-stamps.ts";

/** What a program asked the file system, and was answered. As long as the answers are the same, so is what it does. */
export interface FileQuestions {
  /** Files by path; null: there was none. */
  readonly contents: Record<string, FileContents | null>;
  /** Paths of files and of folders, and whether there is one. */
  readonly files: Record<string, boolean>;
  readonly folders: Record<string, boolean>;
  /** Folders by path, with a hash of the names of their entries. */
  readonly entries: Record<string, string>;
  /** The same with all folders in them. */
  readonly trees: Record<string, string>;
}

interface FileContents {
  /** As long as it is the same, the file need not be read. */
  readonly stamp: string;
  readonly hash: string;
}

/** Folders whose entries no pattern of a tsconfig.json matches by itself. */
const PASSED_OVER = /^(?:node_modules|bower_components|jspm_packages|\..*)$/;

/**
 * Writes down what is asked from now on. TypeScript asks everything through its `sys`.
 *
 * @param system - its methods are replaced
 */
export function recordQuestions(system: ts.System): FileQuestions {
  const questions: FileQuestions = { contents: {}, files: {}, folders: {}, entries: {}, trees: {} };
  const unrecorded = { ...system };
  system.readFile = (path, encoding) => {
    questions.contents[path] ??= contentsOf(path);
    return unrecorded.readFile(path, encoding);
  };
  system.fileExists = (path) => (questions.files[path] ??= unrecorded.fileExists(path));
  system.directoryExists = (path) => (questions.folders[path] ??= unrecorded.directoryExists(path));
  system.readDirectory = (path, ...others) => {
    questions.trees[path] ??= namesOf(path, true);
    return unrecorded.readDirectory(path, ...others);
  };
  system.getDirectories = (path) => {
    questions.entries[path] ??= namesOf(path, false);
    return unrecorded.getDirectories(path);
  };
  return questions;
}

/** Whether all would be answered now as they were. */
export function areSame({ contents, files, folders, entries, trees }: FileQuestions): boolean {
  const same = <T>(questions: Record<string, T>, ask: (path: string) => T) =>
    Object.entries(questions).every(([path, answer]) => ask(path) === answer);
  return (
    same(files, (path) => kindOf(path) === "file") &&
    same(folders, (path) => kindOf(path) === "folder") &&
    same(entries, (path) => namesOf(path, false)) &&
    same(trees, (path) => namesOf(path, true)) &&
    Object.entries(contents).every(([path, answer]) =>
      answer === null ? hashOf(path) === undefined : stampOf(path) === answer.stamp || hashOf(path) === answer.hash,
    )
  );
}

function contentsOf(path: string): FileContents | null {
  const stamp = stampOf(path); // before it is read: what changes meanwhile has another one later
  const hash = hashOf(path);
  return hash === undefined ? null : { stamp, hash };
}

function hashOf(path: string): string | undefined {
  try {
    return createHash("sha256").update(readFileSync(path)).digest("base64");
  } catch {
    return undefined;
  }
}

function kindOf(path: string): "file" | "folder" | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true ? "file" : found?.isDirectory() === true ? "folder" : undefined;
}

/** @param deep - whether with the folders in it */
function namesOf(path: string, deep: boolean): string {
  const hash = createHash("sha256");
  const add = (folder: string) => {
    for (const entry of entriesOf(folder)) {
      hash.update(`${entry.name}${entry.isDirectory() ? "/" : "\n"}`);
      if (deep && entry.isDirectory() && !PASSED_OVER.test(entry.name)) {
        add(join(folder, entry.name));
        hash.update("..\n");
      }
    }
  };
  add(path);
  return hash.digest("base64");
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}
