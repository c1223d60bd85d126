import { Status } from "../abi/index.ts";

/** The specification's name of a status number, for messages. */
function statusName(status: number): string {
  return Object.entries(Status).find(([, value]) => value === status)?.[0] ?? "unknown status";
}

/** The host refused a call. */
export class HostError extends Error {
  override readonly name = "HostError";
  /** The host call's name in the specification, for example `proxy_replace_header_map_value`. */
  readonly call: string;
  /** Its `proxy_status_t`; see `Status` in `proxy-wasm-ts/hostcalls`. */
  readonly status: number;

  constructor(call: string, status: number) {
    super(`${call}: ${statusName(status)} (${status})${hint(call, status)}`);
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

/** Why a `fetch` failed; see {@link FetchError}. */
export type FetchFailure =
  "unknown-cluster" | "bad-request" | "no-healthy-upstream" | "refused-by-host" | "no-response";

/** What a `fetch` asked for, as its errors tell it. */
export interface FetchTarget {
  readonly cluster: string;
  readonly method: string;
  readonly path: string;
}

const FAILURES: Readonly<Record<FetchFailure, string>> = {
  "unknown-cluster": "unknown cluster: the host has no cluster of this name",
  "bad-request": "the host refused the request: BadArgument",
  "no-healthy-upstream": "the host could not start the call: the cluster has no healthy upstream",
  "refused-by-host": "the host refused the call",
  "no-response": "no response: the call was reset",
};

function failureOf(status: number | undefined): FetchFailure {
  switch (status) {
    case undefined:
      return "no-response";
    case Status.BadArgument: // the SDK always sends the pseudo headers, so it is the cluster
      return "unknown-cluster";
    case Status.InternalFailure:
      return "no-healthy-upstream";
    default:
      return "refused-by-host";
  }
}

/**
 * A `fetch` that got no answer. An answer with an error status, such as 500, is not an error.
 *
 * @example
 * ```ts
 * try {
 *   await fetch("/", { cluster: "auth" });
 * } catch (error) {
 *   if (error instanceof FetchError && error.reason === "unknown-cluster") log.error("fix the configuration");
 * }
 * ```
 */
export class FetchError extends Error {
  override readonly name = "FetchError";
  readonly reason: FetchFailure;
  readonly target: FetchTarget;

  /** @internal `status`: what `proxy_http_call` returned; undefined: the call was started and failed later. */
  constructor(target: FetchTarget, status: number | undefined) {
    const reason = failureOf(status);
    super(`fetch ${target.method} ${target.path} from cluster ${JSON.stringify(target.cluster)}: ${FAILURES[reason]}`);
    this.reason = reason;
    this.target = target;
  }
}

/** The plugin configuration was refused; the host's log has the message. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}
