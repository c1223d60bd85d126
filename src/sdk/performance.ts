import { get_monotonic_time } from "./hostcalls.ts";
import { onVmStart } from "./vm.ts";

let origin = 0;
let timeOrigin = 0;

onVmStart(() => {
  origin = get_monotonic_time();
  timeOrigin = Date.now();
});

/**
 * The part of the Web's `performance` that a filter has. It is a global variable, too. Spec: WASI `clock_time_get`.
 *
 * @example
 * ```ts
 * const start = performance.now();
 * await fetch("/check", { cluster: "auth" });
 * log.info(`${performance.now() - start} ms`);
 * ```
 */
export const performance = {
  /** Milliseconds, with fractions, since the VM started; of a clock that never goes back. */
  now(): number {
    return get_monotonic_time() - origin;
  },

  /** When the VM started, as `Date.now()` counts. */
  get timeOrigin(): number {
    return timeOrigin;
  },
};
