import type { StepAside } from "./step-aside.ts";

/**
 * What keeps a mistake of a filter from taking its worker down. All are on without a word; each can be set for a filter. A module has
 * one VM: of several filters in one, the larger number counts.
 *
 * Reaching a limit is an error of the code that does it, and an uncaught one is answered as `onError` says. The VM goes on.
 */
export interface Limits {
  /**
   * Milliseconds that one callback of the host may take, its promise jobs included; 1 to 60000, default 100. The filter's code is
   * interrupted then, by an error that it cannot catch: endless loops, regular expressions that backtrack for ever, huge sorts.
   * Jobs of the same stream or plugin that are still queued are dropped. Time that passes while a promise waits for the host does
   * not count.
   */
  readonly callbackMs?: number;
  /**
   * Bytes of the VM's heap; 4 MiB to 1 GiB, default 64 MiB. What does not fit is an InternalError "out of memory", which can be caught. The
   * collector runs the more often the less is left.
   */
  readonly heapBytes?: number;
  /** HTTP and gRPC calls and gRPC streams that are open at once; 1 to 1000000, default 10000. One more is a RangeError. */
  readonly openCalls?: number;
  /** Promise jobs that are queued at once; 100 to 10000000, default 10000. One more is a RangeError. */
  readonly queuedJobs?: number;
  /** Streams that are open at once, in one worker; 1 to 10000000, default 100000. One more fails as if its hook had thrown a RangeError. */
  readonly streams?: number;
  /** Timers that are set at once; 1 to 1000000, default 10000. One more is a RangeError. */
  readonly timers?: number;
  /** What the plugin does when limits are reached again and again: see `stepAside`. Default: nothing, the limits alone hold. */
  readonly stepAside?: StepAside;
}

type Name = Exclude<keyof Limits, "stepAside">;

/** Default, smallest and largest. */
const RANGES: Readonly<Record<Name, readonly [number, number, number]>> = {
  callbackMs: [100, 1, 60_000],
  heapBytes: [64 * 2 ** 20, 4 * 2 ** 20, 2 ** 30],
  openCalls: [10_000, 1, 1_000_000],
  queuedJobs: [10_000, 100, 10_000_000],
  streams: [100_000, 1, 10_000_000],
  timers: [10_000, 1, 1_000_000],
};

/**
 * Those of this module, complete. The shim is given them when the module starts.
 *
 * @internal
 */
export const limits = Object.fromEntries(Object.entries(RANGES).map(([name, [usual]]) => [name, usual])) as Record<
  Name,
  number
>;

/**
 * @internal
 * @throws TypeError when one is unknown, RangeError when one is out of its range
 */
export function checkLimits(of: string, given: unknown): void {
  if (typeof given !== "object" || given === null) {
    throw new TypeError(`${of}: limits must be an object`);
  }
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || name === "stepAside") {
      continue;
    }
    if (!Object.hasOwn(RANGES, name)) {
      throw new TypeError(`${of}: unknown limit ${name}; there are ${Object.keys(RANGES).join(", ")} and stepAside`);
    }
    const [, least, most] = RANGES[name as Name];
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new RangeError(`${of}: limits.${name} must be an integer from ${least} to ${most}, not ${String(value)}`);
    }
  }
}

/** Of several filters the larger number counts, before it what the module says. @internal */
export function setLimits(ofModule: Limits | undefined, ofFilters: readonly (Limits | undefined)[]): void {
  for (const [name, [usual]] of Object.entries(RANGES) as [Name, (typeof RANGES)[Name]][]) {
    limits[name] = ofModule?.[name] ?? Math.max(...ofFilters.map((of) => of?.[name] ?? usual));
  }
}
