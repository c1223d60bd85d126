/** What the filter did for one HTTP call. */
export interface CallSummary {
  readonly cluster: string;
  readonly method: string;
  readonly path: string;
  /** Of the answer; undefined: there was none, or not before the request ended. */
  readonly status: number | undefined;
  /** Why there is no answer: Envoy's "reset reason", or that the host has no such cluster. */
  readonly failure: string | undefined;
  /** How long it took; of a call that is still under way, 0. */
  readonly milliseconds: number;
}

/** A request that has passed through the filter. */
export interface RequestSummary {
  readonly method: string;
  /** With the query, as the client sent it. */
  readonly path: string;
  /** What the client got; undefined when the request ended without a response. */
  readonly status: number | undefined;
  /** Why it ended without one. */
  readonly reset: string | undefined;
  /** Envoy's RESPONSE_CODE_DETAILS, such as "via_upstream". */
  readonly details: string;
  /** From the request's arrival to the end of its response. */
  readonly milliseconds: number;
  /** How long the filter computed, in all of its callbacks for this request. */
  readonly filterMilliseconds: number;
  /** The HTTP calls that the filter made for it, in order. */
  readonly calls: readonly CallSummary[];
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

/** Collects what the filter does for a request. */
export class RequestTrace {
  readonly calls: CallSummary[] = [];
  filterMilliseconds = 0;
  details = "";

  /** @returns what the call's end is told to: the status of its answer, or why there is none */
  startCall(call: Pick<CallSummary, "cluster" | "method" | "path">): (end: number | string) => void {
    const start = performance.now();
    const summary: Mutable<CallSummary> = { ...call, status: undefined, failure: undefined, milliseconds: 0 };
    this.calls.push(summary);
    return (end) => {
      summary.milliseconds = performance.now() - start;
      summary[typeof end === "number" ? "status" : "failure"] = end as never;
    };
  }
}

/** Knows for which request the filter is at work. */
export class RequestTraces {
  readonly #traces = new Map<number, RequestTrace>();
  /** Of the call whose answer the filter is being given, in the plugin's context. */
  #cause: RequestTrace | undefined;

  add(contextId: number, trace: RequestTrace): void {
    this.#traces.set(contextId, trace);
  }

  remove(contextId: number): void {
    this.#traces.delete(contextId);
  }

  /** Undefined: nobody wants to know, or it is for no request. */
  of(contextId: number): RequestTrace | undefined {
    return this.#traces.get(contextId) ?? this.#cause;
  }

  /** Lets the filter go on with what it does for a request. */
  resume(trace: RequestTrace | undefined, run: () => void): void {
    this.#cause = trace;
    try {
      run();
    } finally {
      this.#cause = undefined;
    }
  }
}
