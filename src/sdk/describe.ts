import { kind_of, quote } from "./hostcalls.ts";

/** Of `kind_of`. Not instanceof, which would name Map and Set. */
const MAP = 1;
const SET = 2;
const BYTES = 3;

/** How many levels of nested objects are written out, how many characters at most, and how many bytes of an array. */
const MAX_DEPTH = 4;
const MAX_LENGTH = 20_000;
const MAX_BYTES = 32;

/**
 * A value as a person reads it in a log: strings as they are, errors with their stack and causes, objects as JSON-like text.
 * Never throws: what a getter, a proxy or a toString throws is part of the text.
 *
 * Every module has this. So it names no builtin that the filter's own code may do without: what is named stays in the module.
 *
 * @internal
 */
export function describe(value: unknown): string {
  try {
    const all = typeof value === "string" ? value : text(value, []);
    return all.length > MAX_LENGTH ? `${all.slice(0, MAX_LENGTH)}...` : all;
  } catch (error) {
    return `(a value that cannot be shown${error instanceof Error ? `: ${error.message}` : ""})`;
  }
}

function text(value: unknown, parents: readonly unknown[]): string {
  switch (typeof value) {
    case "string":
      return quote(value);
    case "bigint":
      return `${value}n`;
    case "function":
      return `[function ${value.name || "(anonymous)"}]`;
    case "object":
      return value === null ? "null" : objectText(value, parents);
    case "boolean":
    case "number":
    case "symbol":
    case "undefined":
      return String(value);
  }
}

function objectText(value: object, parents: readonly unknown[]): string {
  for (const parent of parents) {
    if (parent === value) {
      return "[circular]";
    }
  }
  const path = [...parents, value];
  if (value instanceof Error) {
    return errorText(value, path);
  }
  const isArray = Array.isArray(value);
  if (parents.length >= MAX_DEPTH) {
    return isArray ? "[array]" : "[object]";
  }
  if (isArray) {
    return `[${list(value, (item) => text(item, path))}]`;
  }
  switch (kind_of(value)) {
    case MAP:
      return `Map {${list(value as Iterable<unknown[]>, (entry) => `${text(entry[0], path)} => ${text(entry[1], path)}`)}}`;
    case SET:
      return `Set {${list(value as Iterable<unknown>, (item) => text(item, path))}}`;
    case BYTES:
      return bytesText(value as Uint8Array);
    default:
      return `{${list(Object.entries(value), (entry) => `${entry[0]}: ${text(entry[1], path)}`)}}`;
  }
}

function list<T>(items: Iterable<T>, write: (item: T) => string): string {
  let all = "";
  for (const item of items) {
    all += `${all && ", "}${write(item)}`;
  }
  return all;
}

function bytesText(bytes: Uint8Array): string {
  let all = "";
  for (let at = 0; at < bytes.length && at < MAX_BYTES; at++) {
    all += `${all && ", "}${bytes[at] ?? 0}`;
  }
  return `Uint8Array(${bytes.length}) [${all}${bytes.length > MAX_BYTES ? ", ..." : ""}]`;
}

function errorText(error: Error, path: readonly unknown[]): string {
  const head = `${error.name}: ${error.message.slice(0, MAX_LENGTH)}`;
  const stack = typeof error.stack === "string" && error.stack !== "" ? `\n${withoutLineEnd(error.stack)}` : "";
  const cause = error.cause === undefined ? "" : `\ncaused by: ${text(error.cause, path)}`;
  return head + stack + cause;
}

function withoutLineEnd(stack: string): string {
  return stack.endsWith("\n") ? stack.slice(0, -1) : stack;
}
