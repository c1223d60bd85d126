/** How many levels of nested objects are written out, and how many characters at most. */
const MAX_DEPTH = 4;
const MAX_LENGTH = 20_000;

/**
 * A value as a person reads it in a log: strings as they are, errors with their stack and causes, objects as JSON-like text.
 * Never throws: what a getter, a proxy or a toString throws is part of the text.
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
      return JSON.stringify(value);
    case "bigint":
      return `${String(value)}n`;
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
  if (parents.includes(value)) {
    return "[circular]";
  }
  const path = [...parents, value];
  if (value instanceof Error) {
    return errorText(value, path);
  }
  if (parents.length >= MAX_DEPTH) {
    return Array.isArray(value) ? "[array]" : "[object]";
  }
  if (Array.isArray(value)) {
    return `[${value.map((item) => text(item, path)).join(", ")}]`;
  }
  if (value instanceof Map) {
    const entries = [...value].map(([key, item]) => `${text(key, path)} => ${text(item, path)}`);
    return `Map {${entries.join(", ")}}`;
  }
  if (value instanceof Set) {
    return `Set {${[...value].map((item) => text(item, path)).join(", ")}}`;
  }
  if (value instanceof Uint8Array) {
    return `Uint8Array(${value.length}) [${value.subarray(0, 32).join(", ")}${value.length > 32 ? ", ..." : ""}]`;
  }
  const fields = Object.entries(value).map(([key, item]) => `${key}: ${text(item, path)}`);
  return `{${fields.join(", ")}}`;
}

function errorText(error: Error, path: readonly unknown[]): string {
  const head = `${error.name}: ${error.message.slice(0, MAX_LENGTH)}`;
  const stack = typeof error.stack === "string" && error.stack !== "" ? `\n${error.stack.trimEnd()}` : "";
  const cause = error.cause === undefined ? "" : `\ncaused by: ${text(error.cause, path)}`;
  return head + stack + cause;
}
