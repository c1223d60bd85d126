import { displayPath, displayPosition, messageWithFrame } from "../code-frame.ts";
import { isOfSdk } from "../package-files.ts";
import { BUNDLE_NAME } from "../source-map.ts";
import type { BundleMap, OriginalPosition } from "../source-map.ts";
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
export function describeScriptError(error: ScriptError, text: string, map: BundleMap, entry: string): string {
  const frames = stackFrames(error.stack ?? "", map);
  const place = frames.find(({ position }) => position !== undefined && !isOfSdk(position.file))?.position;
  const message =
    place === undefined ? `${displayPath(entry)} - error: ${text}` : messageWithFrame(place, text, place.source, 1);
  return frames.length < 2 ? message : [message, "", ...frames.map(({ text }) => text)].join("\n");
}

interface StackFrame {
  readonly text: string;
  readonly position: OriginalPosition | undefined;
}

const FRAME = new RegExp(`^\\s*at (?:(.*) \\()?${BUNDLE_NAME.replace(".", "\\.")}:(\\d+):(\\d+)\\)?$`);

/** The lines of a stack with the positions that people wrote; lines of code that the bundler added are left out. */
function stackFrames(stack: string, map: BundleMap): StackFrame[] {
  return stack.split("\n").flatMap((line): StackFrame[] => {
    const match = FRAME.exec(line);
    if (match === null) {
      return line.trim() === "" ? [] : [{ text: `    ${line.trim()}`, position: undefined }];
    }
    const position = map.find(Number(match[2]), Number(match[3]));
    if (position === undefined || position.file.endsWith(VIRTUAL_ENTRY)) {
      return [];
    }
    const name = match[1] === undefined || match[1].startsWith("<") ? undefined : match[1];
    const where = displayPosition(position);
    return [{ text: name === undefined ? `    at ${where}` : `    at ${name} (${where})`, position }];
  });
}
