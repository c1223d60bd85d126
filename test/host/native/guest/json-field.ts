/** The value of one field of a JSON text: src/shim/json_field.c for Node. */

import { fromUtf8 } from "./values.ts";

const [MAX_DEPTH, MAX_PATH] = [1024, 32];

/** A path's names, as the shim reads them. It can run code. */
export function jsonPath(path: unknown): string[] {
  if (typeof path !== "string" && !Array.isArray(path)) {
    throw new TypeError("jsonField: the path must be a string or an array of names");
  }
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-template-expression -- who has no types may give anything
  const names = typeof path === "string" ? path.split(".") : path.map((name) => `${name as string}`);
  if (names.length > MAX_PATH) {
    throw new RangeError(`jsonField: a path has ${MAX_PATH} names at most`);
  }
  return names;
}

function checkDepth(text: string): void {
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/gs)) {
    depth += token === "[" || token === "{" ? 1 : token === "]" || token === "}" ? -1 : 0;
    if (depth > MAX_DEPTH) {
      throw new RangeError(`jsonField: the JSON text is nested deeper than ${MAX_DEPTH} levels`);
    }
  }
}

export function jsonField(json: string | Uint8Array, names: readonly string[]): unknown {
  const text = typeof json === "string" ? json : fromUtf8(json);
  checkDepth(text);
  let value: unknown = JSON.parse(text);
  for (const name of names) {
    const isElement = !Array.isArray(value) || /^(0|[1-9]\d{0,9})$/.test(name);
    if (typeof value !== "object" || value === null || !isElement || !Object.hasOwn(value, name)) {
      return undefined;
    }
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}
