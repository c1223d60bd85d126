import type { HttpBody } from "./body.ts";
import type { HttpHeaders } from "./headers.ts";
import { get_request, proxy_close_stream } from "./hostcalls.ts";

/** What a request and a response have in common. `State` is what the filter's `state` function returns. */
class HttpMessage<State> {
  /** Type only: keeps `State` in the type of a class that has no field of it. */
  declare protected readonly _state: State;

  /** Its headers; the same object each time. */
  declare readonly headers: HttpHeaders;

  /**
   * Its trailers, in the trailers' hook. In the body's hook they can be set when `body.ended`: that adds trailers to a message
   * that has none.
   */
  declare readonly trailers: HttpHeaders;

  /** Its body, in the body's hook. */
  declare readonly body: HttpBody;

  /** Resets the stream: client and upstream see a broken connection, no answer. Spec: `proxy_close_stream`. */
  close(): void {
    proxy_close_stream(this);
  }

  /** The host's id of this stream's context, as it appears in the host's own log. Unique while the stream lives. */
  declare readonly contextId: number;

  /** The filter's own state of this stream, made by its `state` function when first asked for; undefined without one. */
  declare readonly state: State;
}

/**
 * A request on its way to the upstream. Each property reads or changes what the host has, as {@link HttpHeaders} does, and
 * throws as it does.
 */
export class HttpRequest<State = unknown> extends HttpMessage<State> {
  /** Objects of this class are made by the shim. */
  private constructor() {
    super();
  }

  /** `:method`, for example "GET"; "" when there is none, as for the next two. */
  declare method: string;

  /** `:path`: path and query, for example "/jump?to=1". */
  declare path: string;

  /**
   * The part of the path before the query, as it came: nothing is decoded. To set it keeps the query.
   *
   * @example
   * ```ts
   * request.pathname = request.pathname.replace(/^\/v1/, "");
   * ```
   */
  declare pathname: string;

  /**
   * The query with its "?", as it came; "" when there is none. To set it keeps the rest of the path.
   *
   * @example
   * ```ts
   * const params = new URLSearchParams(request.search);
   * params.delete("token");
   * request.search = params.toString();
   * ```
   */
  declare search: string;

  /**
   * The first parameter of this name in the query, decoded as URLSearchParams does; null when there is none.
   *
   * @example
   * ```ts
   * const page = Number(request.query("page") ?? "1");
   * ```
   */
  declare readonly query: (name: string) => string | null;

  /** `:authority`: the host that the client asked for. */
  declare authority: string;
}

/** A response on its way to the client. See {@link HttpRequest}. */
export class HttpResponse<State = unknown> extends HttpMessage<State> {
  /** Objects of this class are made by the shim. */
  private constructor() {
    super();
  }

  /** `:status` as a number; 0 when there is none. */
  declare status: number;

  /**
   * The request that this is the answer to. Envoy no longer has its headers in this phase: what a response hook needs of them
   * is kept in `state` by the request hook.
   */
  get request(): HttpRequest<State> {
    return get_request(this) as HttpRequest<State>;
  }
}
