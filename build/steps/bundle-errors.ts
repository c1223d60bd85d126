import { isBuiltin } from "node:module";
import { dirname, resolve } from "node:path";

import type { BuildFailure, Location, Message } from "esbuild";

import { displayPath, messageWithFrame } from "../code-frame.ts";
import { BuildError } from "../errors.ts";

/** The file name of the code that starts the filter; there is no such file. */
export const VIRTUAL_ENTRY = "proxy-wasm-ts.entry.js";

const UNRESOLVED = /^Could not resolve "(.*)"$/;

/** Says what esbuild found in this package's words: with a filter's remedies, which are not a web page's. */
export function bundleError(error: unknown, entry: string): Error {
  if (!isBuildFailure(error)) {
    return new Error("esbuild could not run", { cause: error });
  }
  const messages = error.errors.map((message) => describe(message, entry));
  return new BuildError([...new Set(messages)].join("\n\n"), { cause: error });
}

/**
 * The first thing that esbuild found in a file that is no part of a bundle, with its place.
 *
 * @param describe - makes a text of esbuild's
 * @returns undefined when it found nothing that has a place
 */
export function firstMessage(error: unknown, describe: (text: string) => string): string | undefined {
  const [first] = isBuildFailure(error) ? error.errors : [];
  return first?.location === null || first === undefined
    ? undefined
    : messageAt(first.location, describe(first.text), "/");
}

/** The files that a failed bundle is about: once they change or are there, it may succeed. */
export function inputsOfFailure(error: unknown, entry: string): { files: string[]; missing: string[] } {
  const [files, missing]: [string[], string[]] = [[], []];
  for (const { location, text } of isBuildFailure(error) ? error.errors : []) {
    if (location === null || location.file === VIRTUAL_ENTRY) {
      continue;
    }
    const file = resolve(dirname(entry), location.file);
    files.push(file);
    const path = UNRESOLVED.exec(text)?.[1];
    if (path !== undefined && /^[./]/.test(path)) {
      const target = resolve(dirname(file), path);
      const others = ["", ".ts", ".tsx", ".js", ".mjs", ".json", "/index.ts", "/index.js"];
      missing.push(...others.map((ending) => target + ending), target.replace(/\.js$/, ".ts"));
    }
  }
  return { files, missing };
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && "errors" in error && Array.isArray(error.errors) && error.errors.length > 0;
}

function describe(message: Message, entry: string): string {
  const { location } = message;
  if (location === null) {
    return `error: ${message.text}`;
  }
  if (location.file === VIRTUAL_ENTRY) {
    return describeEntry(message.text, entry);
  }
  return messageAt(location, explain(message), dirname(entry));
}

/** What is wrong with the import of the filter itself. */
function describeEntry(text: string, entry: string): string {
  const reason = text.startsWith("No matching export")
    ? "there is no default export; a filter's file ends with: export default defineFilter({ ... })"
    : text;
  return `${displayPath(entry)} - error: ${reason}`;
}

function explain({ text, notes }: Message): string {
  const unresolved = UNRESOLVED.exec(text)?.[1];
  if (unresolved !== undefined) {
    return isBuiltin(unresolved) ? builtinImport(unresolved) : unresolvedImport(unresolved, notes);
  }
  if (text.startsWith("Top-level await")) {
    return (
      "await at the top level: a filter's top level runs once, when it is built, and has nothing to wait for. " +
      "Await inside a hook."
    );
  }
  return [text, ...notes.map((note) => note.text)].join("\n");
}

function unresolvedImport(path: string, notes: Message["notes"]): string {
  const reason = notes.map((note) => note.text).filter((note) => !note.includes("mark the path"));
  const remedy = /^[./]/.test(path)
    ? "There is no such file beside the one that imports it."
    : `Is the package installed? npm install ${packageName(path)}`;
  return [`cannot find "${path}".`, ...(reason.length === 0 ? [remedy] : reason)].join(" ");
}

function packageName(path: string): string {
  return path
    .split("/")
    .slice(0, path.startsWith("@") ? 2 : 1)
    .join("/");
}

/** What to use for the modules of Node that people reach for. */
const INSTEAD: readonly (readonly [RegExp, string])[] = [
  [/^(http|https|http2|net|tls|dgram|dns)$/, 'call out with fetch from "proxy-wasm-ts"'],
  [/^(fs|process|os|child_process)$/, "give the filter what it needs in its plugin configuration"],
  [/^(buffer|string_decoder|util)$/, 'use Uint8Array, and encodeUtf8 and decodeUtf8 from "proxy-wasm-ts"'],
  [/^console$/, 'use console, which needs no import, or log from "proxy-wasm-ts"'],
];

function builtinImport(path: string): string {
  const name = path.replace(/^node:/, "").split("/")[0] ?? path;
  const instead = INSTEAD.find(([pattern]) => pattern.test(name))?.[1];
  return (
    `cannot import "${path}": the filter does not run in Node. It runs inside the proxy, where there is the language itself ` +
    `and "proxy-wasm-ts". For this, ${instead ?? "use an npm package that needs neither Node nor a browser"}.`
  );
}

function messageAt(location: Location, text: string, folder: string): string {
  const before = Buffer.from(location.lineText).subarray(0, location.column).toString().length;
  const marked = Buffer.from(location.lineText)
    .subarray(location.column, location.column + location.length)
    .toString();
  const position = { file: resolve(folder, location.file), line: location.line, column: before + 1 };
  // The frame needs this one line only, and esbuild has it.
  const source = "\n".repeat(location.line - 1) + location.lineText;
  return messageWithFrame(position, text, source, marked.length);
}
