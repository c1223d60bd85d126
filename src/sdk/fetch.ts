import type { AbortSignalLike } from "./abort.ts";
import { ReceivedHeaders } from "./headers.ts";
import type { HeadersInit } from "./headers.ts";
import {
  get_call_bytes,
  get_call_headers,
  get_call_text,
  get_call_trailers,
  http_call,
  shim_fetch,
} from "./hostcalls.ts";
import type { BodyInit } from "./hostcalls.ts";
import type { JsonPath } from "./json-field.ts";

/** Options of {@link fetch}. */
export interface FetchInit {
  /** The host's cluster that is called (in a mesh: `outbound|PORT||SERVICE.NAMESPACE.svc.cluster.local`). */
  cluster: string;
  /** Default: "GET". */
  method?: string;
  /** `:authority`. Default: the cluster's name. */
  authority?: string;
  /** Without pseudo headers, which are the options before and the path: `request.headers.pick(["*"])` has all the others. */
  headers?: HeadersInit;
  /** A string is sent as UTF-8. The host adds content-length. */
  body?: BodyInit;
  /** Envoy 1.40 sends none of calls. */
  trailers?: HeadersInit;
  /** Milliseconds, 1 to 2147483647. Default: 5000. */
  timeoutMs?: number;
  /**
   * Rejects with the signal's reason when that is aborted. The call itself goes on, because the ABI cannot cancel it: the
   * upstream has been asked, and its answer is ignored.
   */
  signal?: AbortSignalLike | undefined;
}

const DEFAULT_TIMEOUT_MS = 5000;

const NO_OPTIONS: FetchInit = { cluster: "" };

/**
 * The answer to a {@link fetch}. Each part is fetched from the host when it is first asked for, and what nobody asks for is not
 * fetched at all; an answer that is kept longer than the host keeps it is copied.
 */
export class FetchResponse {
  /** Objects of this class are made by the shim. */
  private constructor() {}

  /** The status code, for example 200. */
  declare readonly status: number;

  /** True for a status from 200 to 299. */
  declare readonly ok: boolean;

  get headers(): ReceivedHeaders {
    return new ReceivedHeaders(get_call_headers(this));
  }

  /** Empty when there were none. */
  get trailers(): ReceivedHeaders {
    return new ReceivedHeaders(get_call_trailers(this));
  }

  /** The body decoded as UTF-8. The whole body is there already: nothing to await, and it can be read again. */
  text(): string {
    return get_call_text(this);
  }

  /** The body as JSON. @throws SyntaxError when it is none. */
  json(): unknown {
    return JSON.parse(this.text());
  }

  /** One field of the body as JSON: see the function `jsonField`. @throws SyntaxError when it is none. */
  declare readonly jsonField: (path: JsonPath) => unknown;

  bytes(): Uint8Array {
    return get_call_bytes(this);
  }
}

/**
 * Calls an upstream cluster of the host. Callable from every hook.
 *
 * An answer with an error status is an answer: look at `ok`. The 502 to 504 with which Envoy itself tells that the upstream
 * could not be reached, or took longer than `timeoutMs`, is not: it rejects, as a failed call does in other hosts.
 *
 * @param path - path and query, starting with "/"
 * @throws (rejects) {@link FetchError} when there is no answer at all, also when the host does not know the cluster
 * @throws (rejects) TypeError when an argument is wrong
 * @throws (rejects) the reason of `signal`
 *
 * @example
 * ```ts
 * const answer = await fetch("/check", { cluster: "auth", method: "POST", body: JSON.stringify({ user }) });
 * if (!answer.ok) return new Response("no", { status: 403 });
 * ```
 */
export const fetch = shim_fetch as (path: string, init: FetchInit) => Promise<FetchResponse>;

/** What the shim's `fetch` (src/shim/fetch.c) leaves to this one: everything but a plain call. @internal */
export function fetchAnything(path: string, init: FetchInit): Promise<FetchResponse> {
  try {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- JavaScript can leave it out
    const { cluster, method = "GET", authority = cluster, timeoutMs = DEFAULT_TIMEOUT_MS } = init ?? NO_OPTIONS;
    if ((!path.startsWith("/") && path !== "*") || !cluster || (timeoutMs | 0) !== timeoutMs || timeoutMs < 1) {
      throw refusal(path, cluster, timeoutMs);
    }
    const { headers, body, trailers, signal } = init;
    if (signal !== undefined) {
      return abortable(signal, () => fetchAnything(path, { ...init, signal: undefined }));
    }
    return http_call(cluster, method, path, authority, headers, body, trailers, timeoutMs) as Promise<FetchResponse>;
  } catch (error) {
    return Promise.reject(error instanceof Error ? error : new TypeError(String(error)));
  }
}

function abortable(signal: AbortSignalLike, start: () => Promise<FetchResponse>): Promise<FetchResponse> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- a reason is what its giver chose
      reject(signal.reason);
    };
    if (signal.aborted) {
      abort();
      return;
    }
    signal.addEventListener("abort", abort);
    const end = () => {
      signal.removeEventListener("abort", abort);
    };
    start().then(resolve, reject).then(end, end);
  });
}

function refusal(path: string, cluster: string, timeoutMs: number): TypeError {
  if (!path.startsWith("/") && path !== "*") {
    return new TypeError(`fetch: the path must start with "/", and the cluster says where it goes: ${path}`);
  }
  if (!cluster) {
    return new TypeError("fetch: the option `cluster`, the name of the cluster that is called, is missing or empty");
  }
  return new TypeError(`fetch: timeoutMs must be an integer from 1 to 2147483647, not ${timeoutMs}`);
}
