import { displayPath, displayPosition, messageWithFrame } from "../code-frame.ts";
import { isOfSdk } from "../package-files.ts";
import { BUNDLE_NAME } from "../source-map.ts";
import type { OriginalPosition } from "../source-map.ts";
import type { Bundle } from "./bundle.ts";
import { VIRTUAL_ENTRY } from "./bundle-errors.ts";

/** A JavaScript error, as the engine's modules report it. */
export interface ScriptError {
  readonly name: string | undefined;
  readonly message: string | undefined;
  readonly stack: string | undefined;
}

export function parseScriptError(json: string): ScriptError {
  const report = JSON.parse(json) as Record<string, unknown>;
  const field = (name: string) => (typeof report[name] === "string" ? report[name] : undefined);
  return { name: field("name"), message: field("message"), stack: field("stack") };
}

/** The error in one line. */
export function titleOf({ name, message }: ScriptError): string {
  if (name !== undefined) {
    return message === undefined || message === "" ? name : `${name}: ${message}`;
  }
  // The engine throws null when there is no memory left for an error.
  const reason =
    message === "null" ? "as the engine does when it is out of memory" : "which is no Error and has no stack";
  return `${message ?? "something"} was thrown, ${reason}`;
}

/**
 * A message with the place in the filter's own sources, a code frame, and the whole stack when it has more than that place.
 *
 * @param text - what went wrong
 * @param entry - is named when no place is known
 */
export function describeScriptError(error: ScriptError, text: string, sources: Sources, entry: string): string {
  const frames = stackFrames(error.stack ?? "", sources);
  const place = frames.find(({ position }) => position !== undefined && !isOfSdk(position.file))?.position;
  const message =
    place === undefined ? `${displayPath(entry)} - error: ${text}` : messageWithFrame(place, text, place.source, 1);
  return frames.length < 2 ? message : [message, "", ...frames.map(({ text }) => text)].join("\n");
}

/** Where a bundle came from. */
export type Sources = Pick<Bundle, "map" | "names">;

interface StackFrame {
  readonly text: string;
  readonly position: OriginalPosition | undefined;
}

const FRAME = /^\s*at (?:(.*) \()?(.+):(\d+):(\d+)\)?$/;

/** The lines of a stack with the positions that people wrote; lines of code that the bundler added are left out. */
function stackFrames(stack: string, sources: Sources): StackFrame[] {
  return stack.split("\n").flatMap((line): StackFrame[] => {
    const match = FRAME.exec(line);
    if (match === null) {
      return line.trim() === "" ? [] : [{ text: `    ${line.trim()}`, position: undefined }];
    }
    const [, caller, file = "", row, column] = match;
    const position = sourcePosition(file, Number(row), Number(column), sources);
    if (position === undefined || position.file.endsWith(VIRTUAL_ENTRY)) {
      return [];
    }
    const name = caller === undefined || caller.startsWith("<") ? undefined : caller;
    const where = displayPosition(position);
    return [{ text: name === undefined ? `    at ${where}` : `    at ${name} (${where})`, position }];
  });
}

/** Most functions have the places of their sources; code of several sources, such as the top level, those of the bundle. */
function sourcePosition(file: string, line: number, column: number, sources: Sources): OriginalPosition | undefined {
  if (file === BUNDLE_NAME) {
    return sources.map.find(line, column);
  }
  const path = sources.names.fileOf(file);
  return path === undefined ? undefined : sources.map.place(path, line, column);
}
