import type { JsonPath } from "proxy-wasm-ts";

/** What jsonField stands for: the value at the end of the path in what `JSON.parse` gives. */
export function parseAndWalk(json: string, path: JsonPath): unknown {
  const names = typeof path === "string" ? path.split(".") : path.map(String);
  return names.reduce<unknown>((value, name) => {
    const isThere =
      typeof value === "object" &&
      value !== null &&
      Object.hasOwn(value, name) &&
      !(Array.isArray(value) && name === "length");
    return isThere ? (value as Record<string, unknown>)[name] : undefined;
  }, JSON.parse(json));
}
