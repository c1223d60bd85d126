import { relative } from "node:path";

/** A place in a source file, for people. */
export interface SourcePosition {
  /** Absolute, or a name for what is no file. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
}

/** A path as people expect it in a message: relative to where they are, when it is not far away. */
export function displayPath(file: string): string {
  const path = relative(process.cwd(), file);
  return path === "" || path.startsWith("..") ? file : path;
}

/** `file:line:column`, which editors and terminals turn into a link. */
export function displayPosition(position: SourcePosition): string {
  return `${displayPath(position.file)}:${position.line}:${position.column}`;
}

/**
 * The message of a mistake at a place in a source, laid out as `tsc --pretty` does:
 *
 * ```
 * filter.ts:2:7 - error: Expected ";" but found "b"
 *
 * 2 const a b;
 *           ~
 * ```
 */
export function messageWithFrame(
  position: SourcePosition,
  text: string,
  source: string | undefined,
  length: number,
): string {
  const head = `${displayPosition(position)} - error: ${text}`;
  const line = source?.split(/\r\n|\n|\r/)[position.line - 1];
  return line === undefined ? head : `${head}\n\n${codeFrame(position, line, length)}`;
}

/** Longer lines (generated code) are cut around the place. */
const MAX_WIDTH = 160;

function codeFrame(position: SourcePosition, line: string, length: number): string {
  const start = Math.max(0, Math.min(position.column - 1 - MAX_WIDTH / 2, line.length - MAX_WIDTH));
  const shown = line.slice(start, start + MAX_WIDTH);
  // A tab has to stay one, or the marks would not be under what they mean.
  const before = shown.slice(0, position.column - 1 - start).replace(/[^\t]/g, " ");
  const marks = "~".repeat(Math.max(1, Math.min(length, shown.length - before.length)));
  const number = String(position.line);
  return `${number} ${shown}\n${" ".repeat(number.length)} ${before}${marks}`;
}
