import { Status } from "../abi/index.ts";
import { quote } from "./hostcalls.ts";

/** The specification's names of status numbers, for messages. */
const STATUS_NAMES: readonly (string | undefined)[] = Object.entries(Status).reduce<string[]>(
  (names, [name, status]) => {
    names[status] = name;
    return names;
  },
  [],
);

/** The host refused a call. */
export class HostError extends Error {
  override readonly name = "HostError";
  /** The host call's name in the specification, for example `proxy_replace_header_map_value`. */
  readonly call: string;
  /** Its `proxy_status_t`; see `Status` in `proxy-wasm-ts/hostcalls`. */
  readonly status: number;

  /** @internal `detail` comes after the message. */
  constructor(call: string, status: number, detail = hint(call, status)) {
    super(`${call}: ${STATUS_NAMES[status] ?? "unknown status"} (${status})${detail}`);
    this.call = call;
    this.status = status;
  }
}

function hint(call: string, status: number): string {
  if (status === Status.BadArgument && call.includes("header_map")) {
    return ": these headers are not there in this phase; a hook can use them until it returns or its promise settles";
  }
  return "";
}

/** A request, a response or their headers were used after their stream had ended. The host was not called. */
export class StreamEndedError extends Error {
  override readonly name = "StreamEndedError";

  constructor() {
    super(
      "the stream has ended (the client left, or the response is complete): its request, response and headers cannot be used any more",
    );
  }
}

/**
 * Why a `fetch` failed:
 *
 * - "unknown-cluster": the host has no cluster of this name.
 * - "unavailable": the host did not start the call: no healthy upstream, or the cluster is overloaded.
 * - "timeout": no answer within `timeoutMs`.
 * - "connection-failed": no connection to the upstream, for example because nothing listens there.
 * - "connection-reset": the upstream closed the connection before it answered, or what it sent is no HTTP.
 * - "incomplete": the answer had begun and did not end: a reset, or `timeoutMs` was over.
 * - "refused-by-host": the host refused the call for another reason.
 */
export type FetchFailure =
  | "unknown-cluster"
  | "unavailable"
  | "timeout"
  | "connection-failed"
  | "connection-reset"
  | "incomplete"
  | "refused-by-host";

/** What a `fetch` asked for, as its errors tell it. */
export interface FetchTarget {
  readonly cluster: string;
  readonly method: string;
  readonly path: string;
  readonly timeoutMs: number;
}

const EXPLANATIONS: Readonly<Record<FetchFailure, string>> = {
  "unknown-cluster": "unknown cluster: the host has none of this name",
  unavailable: "no healthy upstream, or the cluster is overloaded",
  timeout: "timed out",
  "connection-failed": "connection failed",
  "connection-reset": "connection reset before the answer",
  incomplete: "the answer is incomplete: reset, or timed out in its body",
  "refused-by-host": "refused by the host",
};

/** `status`: what `proxy_http_call` returned; undefined: the call was started. */
function failureOf(status: number | undefined, text: string | undefined): FetchFailure {
  switch (status) {
    case undefined:
      return text === undefined ? "incomplete" : failureOfText(text);
    case Status.BadArgument: // the SDK always sends the pseudo headers, so it is the cluster
      return "unknown-cluster";
    case Status.InternalFailure:
      return "unavailable";
    default:
      return "refused-by-host";
  }
}

/** Envoy's texts; see docs/RATIONALE.md for the measured list. */
function failureOfText(text: string): FetchFailure {
  if (text.startsWith("upstream request timeout")) {
    return "timeout";
  }
  if (text.includes("connection failure") || text.includes("connection timeout")) {
    return "connection-failed";
  }
  return text.includes("overflow") || text.startsWith("no healthy upstream") ? "unavailable" : "connection-reset";
}

/**
 * A `fetch` that got no answer from the upstream. An answer with an error status, such as 500, is not an error.
 *
 * @example
 * ```ts
 * try {
 *   await fetch("/", { cluster: "auth" });
 * } catch (error) {
 *   if (error instanceof FetchError && error.reason === "timeout") return new Response("try again", { status: 503 });
 *   throw error;
 * }
 * ```
 */
export class FetchError extends Error {
  override readonly name = "FetchError";
  readonly reason: FetchFailure;
  /** The reason for people, with the host's own words where it has some. */
  readonly explanation: string;
  readonly target: FetchTarget;

  /** @internal Made by the shim (src/shim/calls.c), of what the call was given. */
  constructor(cluster: string, method = "", path = "", timeoutMs: number, status?: number, text?: string) {
    const target = { cluster, method, path, timeoutMs };
    const reason = failureOf(status, text);
    const detail = reason === "timeout" ? `after ${target.timeoutMs} ms` : text && `(${text.trimEnd()})`;
    const explanation = EXPLANATIONS[reason] + (detail ? ` ${detail}` : "");
    super(`fetch ${target.method} ${target.path} from cluster ${quote(target.cluster)}: ${explanation}`);
    this.reason = reason;
    this.explanation = explanation;
    this.target = target;
  }
}

/** The plugin configuration was refused; the host's log has the message. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}
