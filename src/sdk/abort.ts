/** What a call needs of an abort signal: the Web's, or an {@link AbortController}'s. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** Tells those who listen that something is not wanted any more. Made by an {@link AbortController}. */
class AbortSignal implements AbortSignalLike {
  aborted = false;
  reason: unknown = undefined;
  readonly #listeners = new Set<() => void>();

  addEventListener(_type: "abort", listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    this.#listeners.delete(listener);
  }

  /** @internal */
  abort(reason: unknown): void {
    if (this.aborted) {
      return;
    }
    this.aborted = true;
    this.reason = reason;
    for (const listener of this.#listeners) {
      listener();
    }
    this.#listeners.clear();
  }
}

/**
 * Cancels calls that were given its `signal`, as in the Web; the engine has none of its own.
 *
 * @example
 * ```ts
 * const controller = new AbortController();
 * setTimeout(() => controller.abort(), 100);
 * await grpcCall({ cluster: "auth", service: "auth.v1.Auth", method: "Check", message, signal: controller.signal });
 * ```
 */
export class AbortController {
  readonly #signal = new AbortSignal();

  get signal(): AbortSignalLike {
    return this.#signal;
  }

  /** Once; later calls do nothing. @param reason - becomes `signal.reason` and the `cause` of the errors */
  abort(reason: unknown = new Error("aborted")): void {
    this.#signal.abort(reason);
  }
}

/** Calls a function when the signal fires. @returns what stops that. @internal */
export function onAbort(signal: AbortSignalLike | undefined, listener: () => void): () => void {
  signal?.addEventListener("abort", listener);
  return () => {
    signal?.removeEventListener("abort", listener);
  };
}
