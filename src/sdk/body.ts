import type { BodyInit } from "./hostcalls.ts";
import type { JsonPath } from "./json-field.ts";

/**
 * The body of a request or response, or the data of a connection, as the host holds it back for a hook: with
 * `requestBody: "stream"` or `"inspect"` and in network filters the part that has arrived since the hook's last call, otherwise all of it.
 *
 * It is there in its own hook only, until that returns or its promise settles; later, all methods throw a TypeError. Nothing
 * is copied before it is asked for.
 */
export class HttpBody {
  /** Objects of this class are made by the shim. */
  private constructor() {}

  /** In bytes. */
  declare readonly size: number;

  /** Whether this is the last part. False when trailers follow, or when the host does not know yet. */
  declare readonly ended: boolean;

  /** Bytes of it, copied: all, or at most `length` from `offset` on. Spec: `proxy_get_buffer_bytes`. */
  declare readonly bytes: (offset?: number, length?: number) => Uint8Array;

  /** It, decoded as UTF-8. A part of a stream may end within a character. */
  declare readonly text: () => string;

  /** It, as JSON. @throws SyntaxError when it is none. */
  json(): unknown {
    return JSON.parse(this.text());
  }

  /**
   * One field of it as JSON, without objects for the rest: see the function `jsonField`. Undefined when it is not there.
   *
   * @throws SyntaxError when it is no JSON
   *
   * @example
   * ```ts
   * const user = request.body.jsonField("user.id");
   * ```
   */
  declare readonly jsonField: (path: JsonPath) => unknown;

  /**
   * Replaces it. A string is sent as UTF-8. Spec: `proxy_set_buffer_bytes`.
   *
   * @throws TypeError when the length changes and the filter does not say `"rewrite"` or `"stream"`: the headers have gone on
   * with the old content-length
   */
  declare readonly set: (body: BodyInit) => void;
}
