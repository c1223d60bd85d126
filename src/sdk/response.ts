import { toPairs } from "./headers.ts";
import type { HeadersInit } from "./headers.ts";
import type { BodyInit, HeaderPairs } from "./hostcalls.ts";

/** Options of a {@link Response}. */
export interface ResponseInit {
  /** 200 to 599. Default: 200. */
  status?: number;
  headers?: HeadersInit;
  /** The status of a gRPC answer, 0 to 16, for gRPC clients: Envoy makes the body its message then. Others see `status`. */
  grpcStatus?: number;
  /** Why, for the host's access log (Envoy: `%RESPONSE_CODE_DETAILS%`). Default: "filter". */
  details?: string;
}

function hasType(pairs: HeaderPairs): boolean {
  for (const pair of pairs) {
    if (pair[0].toLowerCase() === "content-type") {
      return true;
    }
  }
  return false;
}

/**
 * A local reply: a hook that returns one, or a promise of one, answers the stream itself and the upstream sees nothing more.
 * A string body is sent as UTF-8, with `content-type: text/plain; charset=utf-8` unless the headers say otherwise.
 *
 * @throws RangeError when the status is no integer from 200 to 599.
 *
 * @example
 * ```ts
 * onRequestHeaders(request) {
 *   if (!request.headers.has("authorization")) return new Response("who are you?", { status: 401 });
 * }
 * ```
 */
export class Response {
  readonly status: number;
  readonly body: BodyInit | undefined;
  readonly grpcStatus: number | undefined;
  readonly details: string;
  /** @internal */
  readonly headerPairs: HeaderPairs;

  constructor(body?: BodyInit | null, init: ResponseInit = {}) {
    const { status = 200, headers, grpcStatus, details = "filter" } = init;
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw new RangeError(`Response: the status must be an integer from 200 to 599, not ${status}`);
    }
    this.status = status;
    this.body = body ?? undefined;
    this.grpcStatus = grpcStatus;
    this.details = details;
    const pairs = headers === undefined ? [] : toPairs(headers);
    const needsType = typeof body === "string" && !hasType(pairs);
    this.headerPairs = needsType ? [...pairs, ["content-type", "text/plain; charset=utf-8"]] : pairs;
  }

  /**
   * A local reply with a JSON body.
   *
   * @example
   * ```ts
   * return Response.json({ error: "too many requests" }, { status: 429 });
   * ```
   */
  static json(value: unknown, init: ResponseInit = {}): Response {
    const headers = [...toPairs(init.headers ?? []), ["content-type", "application/json"] as const];
    return new Response(JSON.stringify(value), { ...init, headers });
  }
}
