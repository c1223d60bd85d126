import { Status } from "../../src/abi/index.ts";
import type { HostCall } from "../../src/abi/index.ts";
import type { StatusName } from "./call-log.ts";
import type { Log } from "./log.ts";

/** A host call that a filter is about to make: its arguments as in `TestHost.calls`. */
export interface HostCallAttempt {
  readonly call: HostCall;
  /** The id of the context that the call is for. */
  readonly context: number;
  readonly [parameter: string]: unknown;
}

/** What a test wants of the filter's calls. */
export interface InterferenceOptions {
  /**
   * Is asked before each host call of the filter: the status that the call returns in place of being made, or undefined, and it is
   * made. (proxy_log, too; what it throws breaks the module.)
   *
   * @example
   * ```ts
   * onHostCall: ({ call }) => (call === "proxy_set_shared_data" ? "CasMismatch" : undefined),
   * ```
   */
  readonly onHostCall?: (attempt: HostCallAttempt) => StatusName | undefined;
  /**
   * Envoy's `capability_restriction_config`: the names of the host calls, WASI functions and callbacks that the filter may use. A call
   * of another one returns InternalFailure, and is logged; another callback is not called. Default: all.
   */
  readonly allowedCapabilities?: readonly string[];
}

/** What stands between a filter and its host's functions. */
export class Interference {
  readonly #options: InterferenceOptions;
  readonly #allowed: ReadonlySet<string> | undefined;
  readonly #log: Log;

  constructor(options: InterferenceOptions, log: Log) {
    this.#options = options;
    // Envoy takes an empty list for no restriction.
    const names = options.allowedCapabilities ?? [];
    this.#allowed = names.length === 0 ? undefined : new Set(names);
    this.#log = log;
  }

  isAllowed(capability: string): boolean {
    return this.#allowed === undefined || this.#allowed.has(capability);
  }

  /** The status of a call that is not to be made. */
  statusOf(call: HostCall, attempt: () => HostCallAttempt): Status | undefined {
    if (!this.isAllowed(call)) {
      this.#log.add("error", `Attempted call to restricted proxy-wasm capability: ${call}`);
      return Status.InternalFailure;
    }
    const { onHostCall } = this.#options;
    const name = onHostCall?.(attempt());
    return name === undefined ? undefined : Status[name];
  }

  /** The errno of a WASI function that may not be called. */
  wasiErrorOf(name: string): number | undefined {
    if (this.isAllowed(name)) {
      return undefined;
    }
    this.#log.add("error", `Attempted call to restricted WASI capability: ${name}`);
    return ENOTCAPABLE;
  }
}

const ENOTCAPABLE = 76;
