import { describe } from "./describe.ts";
import { log } from "./log.ts";
import { setTimeout } from "./timers.ts";

/** What a call needs of an `AbortSignal`. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

export interface AbortEvent {
  readonly type: "abort";
  readonly target: AbortSignal;
}

export type AbortListener = ((event: AbortEvent) => unknown) | { handleEvent: (event: AbortEvent) => unknown };

/** What keeps others from making signals. */
const MAKE = Symbol("AbortSignal");

const MAX_TIMEOUT_MS = 2 ** 31 - 1;

function namedError(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}

/**
 * The Web's `AbortSignal`: tells that something is wanted no more. It is a global variable, too. Made by an
 * {@link AbortController}, or by one of its functions.
 */
export class AbortSignal {
  /** Called first when it is aborted. */
  onabort: ((event: AbortEvent) => unknown) | null = null;
  #aborted = false;
  #reason: unknown;
  #listeners: AbortListener[] = [];

  /** @internal */
  constructor(make: symbol) {
    if (make !== MAKE) {
      throw new TypeError("new AbortSignal() is not there: new AbortController().signal makes one");
    }
  }

  /** A signal that is aborted already. */
  static abort(reason?: unknown): AbortSignal {
    const signal = new AbortSignal(MAKE);
    signal.abortWith(reason);
    return signal;
  }

  /**
   * A signal that is aborted after some milliseconds, with a TimeoutError. Its timer belongs to the plugin in whose callback it was made.
   *
   * @throws RangeError when `ms` is no integer from 0 to 2147483647
   */
  static timeout(ms: number): AbortSignal {
    if (!Number.isInteger(ms) || ms < 0 || ms > MAX_TIMEOUT_MS) {
      throw new RangeError(`AbortSignal.timeout: the time must be an integer from 0 to ${MAX_TIMEOUT_MS}, not ${ms}`);
    }
    const signal = new AbortSignal(MAKE);
    setTimeout(() => {
      signal.abortWith(namedError("TimeoutError", `the time of ${ms} ms is over`));
    }, ms);
    return signal;
  }

  /** A signal that is aborted with the first of others, for its reason. */
  static any(signals: Iterable<AbortSignal>): AbortSignal {
    const sources = [...signals];
    const aborted = sources.find((source) => source.aborted);
    const signal = new AbortSignal(MAKE);
    if (aborted !== undefined) {
      signal.abortWith(aborted.reason);
      return signal;
    }
    const follow = ({ target }: AbortEvent) => {
      for (const source of sources) {
        source.removeEventListener("abort", follow);
      }
      signal.abortWith(target.reason);
    };
    for (const source of sources) {
      source.addEventListener("abort", follow);
    }
    return signal;
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  /** What it was aborted with: an AbortError when nothing was said, undefined before. */
  get reason(): unknown {
    return this.#reason;
  }

  /** @throws the reason, when it is aborted */
  throwIfAborted(): void {
    if (this.#aborted) {
      throw this.#reason;
    }
  }

  /** The event comes once at most, whatever the options. */
  addEventListener(type: string, listener: AbortListener | null, options?: unknown): void;
  addEventListener(type: string, listener: AbortListener | null): void {
    if (type === "abort" && listener !== null && !this.#aborted && !this.#listeners.includes(listener)) {
      this.#listeners.push(listener);
    }
  }

  removeEventListener(type: string, listener: AbortListener | null): void {
    if (type === "abort") {
      this.#listeners = this.#listeners.filter((other) => other !== listener);
    }
  }

  /** @internal Only the first time counts. */
  abortWith(reason: unknown): void {
    if (this.#aborted) {
      return;
    }
    this.#aborted = true;
    this.#reason = reason === undefined ? namedError("AbortError", "this was aborted") : reason;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of this.onabort === null ? listeners : [this.onabort, ...listeners]) {
      this.#call(listener);
    }
  }

  #call(listener: AbortListener): void {
    const event: AbortEvent = { type: "abort", target: this };
    try {
      if (typeof listener === "function") {
        listener.call(this, event);
      } else {
        listener.handleEvent(event);
      }
    } catch (error) {
      log.error(`uncaught error in a listener of an AbortSignal: ${describe(error)}`);
    }
  }
}

/**
 * The Web's `AbortController`: tells those who hold its signal that something is wanted no more. It is a global variable, too.
 *
 * @example
 * ```ts
 * const controller = new AbortController();
 * const answers = ["a", "b"].map((cluster) => fetch("/", { cluster, signal: controller.signal }));
 * const first = await Promise.any(answers);
 * controller.abort();
 * ```
 */
export class AbortController {
  readonly signal: AbortSignal = new AbortSignal(MAKE);

  /** Aborts the signal; only the first time counts. @param reason - default: an AbortError */
  abort(reason?: unknown): void {
    this.signal.abortWith(reason);
  }
}

/** Calls a function when the signal is aborted. @returns what stops that. @internal */
export function onAbort(signal: AbortSignalLike | undefined, listener: () => void): () => void {
  signal?.addEventListener("abort", listener);
  return () => {
    signal?.removeEventListener("abort", listener);
  };
}
