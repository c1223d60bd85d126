import { json_field } from "./hostcalls.ts";
import type { BodyInit } from "./hostcalls.ts";

/** Where a value is: names with dots between them, or a list of names and indexes when a name has dots. At most 32. */
export type JsonPath = string | readonly (string | number)[];

/**
 * The value of one field of a JSON text: that of `JSON.parse` at the end of the path, at a fraction of its cost, since objects are made
 * of this value only. Undefined when it is not there.
 *
 * The whole text is read and checked, and of a name that comes twice the last one counts, as in `JSON.parse`: what a filter decides
 * by is what the upstream will see. What is special: bytes that are no UTF-8 are U+FFFD, and more than 1024 levels are refused.
 * `body.jsonField` and `answer.jsonField` do the same without a copy of the body.
 *
 * @throws SyntaxError when the text is no JSON; RangeError when it is nested too deep
 *
 * @example
 * ```ts
 * const role = jsonField(request.headers.get("x-claims") ?? "null", "user.roles.0");
 * ```
 */
export function jsonField(json: BodyInit, path: JsonPath): unknown {
  return json_field(json, path);
}
