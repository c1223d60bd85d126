import { setImmediate as nextTurn } from "node:timers/promises";

import { TestHostError } from "./errors.ts";

/** Where the time of a host comes from: WASI's clocks, ticks and the timeouts of calls. */
export interface Clock {
  /** Nanoseconds since 1970. */
  readonly now: () => bigint;
  /** Nanoseconds since some moment; never goes back. */
  readonly monotonic: () => bigint;
  /** Runs something later. Returns what prevents it. */
  readonly after: (ms: number, run: () => void) => () => void;
}

const NS_PER_MS = 1_000_000n;
/** Node runs a timer at once when it is longer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const realClock: Clock = {
  now: () => BigInt(Date.now()) * NS_PER_MS,
  monotonic: () => process.hrtime.bigint(),
  after(ms, run) {
    const timer = setTimeout(run, Math.min(ms, MAX_TIMER_MS));
    return () => {
      clearTimeout(timer);
    };
  },
};

interface Timer {
  readonly due: bigint;
  readonly run: () => void;
}

/** What is under way between two moments settles in so many turns of the event loop, unless it waits for real time. */
const TURNS = 10;

/** Lets handlers, promises and posted callbacks run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) {
    await nextTurn();
  }
}

/** A clock that stands still until it is told to go on. It begins at the start of 2026, so that tests are repeatable. */
export class ManualClock implements Clock {
  #ns = BigInt(Date.UTC(2026, 0, 1)) * NS_PER_MS;
  readonly #start = this.#ns;
  readonly #timers = new Set<Timer>();

  now(): bigint {
    return this.#ns;
  }

  monotonic(): bigint {
    return this.#ns - this.#start;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { due: this.#ns + BigInt(Math.round(ms * 1e6)), run };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  /** Goes on, and runs what is due on the way, in order. What a timer starts settles before the next one runs. */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0 && Number.isFinite(ms))) {
      throw new TestHostError(`advance: the clock cannot go on by ${ms} ms; give a number of milliseconds from 0 up`);
    }
    const end = this.#ns + BigInt(Math.round(ms * 1e6));
    await settle();
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#ns = next.due;
      this.#timers.delete(next);
      next.run();
      await settle();
    }
    this.#ns = end;
  }

  #next(end: bigint): Timer | undefined {
    // The first of those that are due at the same time: a set keeps the order.
    return [...this.#timers].filter(({ due }) => due <= end).sort((a, b) => Number(a.due - b.due))[0];
  }
}
