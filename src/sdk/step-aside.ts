import { get_monotonic_time, handle, step_aside } from "./hostcalls.ts";
import { log } from "./log.ts";
import { defineCounter, defineGauge } from "./metrics.ts";
import { onForgetPlugin } from "./plugin-events.ts";

/** When a plugin steps aside, and what happens to streams that begin meanwhile. */
export interface StepAsideOptions {
  /** How many callbacks have to reach a limit; 1 to 1000000. */
  readonly after: number;
  /** Within so many milliseconds; 1 to 2147483647. */
  readonly withinMs: number;
  /** "passThrough": streams go on as if the filter were not there. "deny": they are answered with 503, and connections are closed. */
  readonly action: "passThrough" | "deny";
  /** After so many milliseconds the filter is asked again; 1 to 2147483647, default 60000. */
  readonly forMs?: number;
}

/** See {@link stepAside}. */
export interface StepAside {
  /** @internal */
  readonly options: Required<StepAsideOptions>;
}

const KINDS = ["time", "heap", "stack"] as const;
/** Beside the kinds, in the shim's bits: the time aside is over. */
const BACK = 8;

interface Watch {
  readonly options: Required<StepAsideOptions>;
  hits: number[];
  aside: boolean;
}

/** By plugin. */
const watches = new Map<number, Watch>();
const hits = defineCounter("proxy_wasm_ts.limit_hits", { labels: ["limit"] });
const aside = defineGauge("proxy_wasm_ts.stepped_aside");

/**
 * Lets a plugin step aside, as an option of `limits`: when many callbacks have reached a limit (time, heap or stack) in a short time, the filter is
 * not asked any more for a while. Streams that have begun before go on as they were.
 *
 * The host's log says when it happens and when it is over. Metrics: the counter `proxy_wasm_ts.limit_hits` with the label `limit`
 * (time, heap or stack), and the gauge `proxy_wasm_ts.stepped_aside`, the number of plugins that have stepped aside, of all workers.
 *
 * Each worker counts for itself.
 *
 * @throws RangeError, TypeError when an option is wrong
 *
 * @example
 * ```ts
 * export default defineFilter({
 *   limits: { callbackMs: 20, stepAside: stepAside({ after: 10, withinMs: 10_000, action: "passThrough" }) },
 *   onRequestHeaders(request) { ... },
 * });
 * ```
 */
export function stepAside(options: StepAsideOptions): StepAside {
  const { action, forMs = 60_000 } = options;
  for (const [name, value, most] of [
    ["after", options.after, 1_000_000],
    ["withinMs", options.withinMs, 2 ** 31 - 1],
    ["forMs", forMs, 2 ** 31 - 1],
  ] as const) {
    if (!Number.isInteger(value) || value < 1 || value > most) {
      throw new RangeError(`stepAside: ${name} must be an integer from 1 to ${most}, not ${String(value)}`);
    }
  }
  if (!["passThrough", "deny"].includes(action)) {
    throw new TypeError(`stepAside: action must be "passThrough" or "deny"`);
  }
  handle("limit_reached", onLimit);
  return new Watcher({ ...options, forMs });
}

/** @internal */
export class Watcher implements StepAside {
  readonly options: Required<StepAsideOptions>;

  constructor(options: Required<StepAsideOptions>) {
    this.options = options;
  }

  /** The plugin has been configured. */
  watch(pluginId: number): void {
    watches.set(pluginId, { options: this.options, hits: [], aside: false });
  }
}

function onLimit(pluginId: number, reached: number): void {
  const watch = watches.get(pluginId);
  if (watch === undefined) {
    return;
  }
  if ((reached & BACK) !== 0) {
    end(watch);
  }
  const kinds = KINDS.filter((_, bit) => (reached & (1 << bit)) !== 0);
  for (const limit of kinds) {
    hits.with({ limit }).increment();
  }
  if (kinds.length === 0 || watch.aside) {
    return;
  }
  const { after, withinMs, forMs, action } = watch.options;
  const now = get_monotonic_time();
  watch.hits = [...watch.hits.filter((time) => now - time < withinMs), now];
  if (watch.hits.length < after) {
    return;
  }
  watch.hits = [];
  watch.aside = true;
  step_aside(pluginId, forMs, action === "deny");
  aside.increment();
  const streams = action === "deny" ? "are denied" : "pass without it";
  log.critical(
    `the plugin steps aside: limits were reached ${after} times within ${withinMs} ms; streams ${streams} for ${forMs} ms`,
  );
}

function end(watch: Watch): void {
  if (watch.aside) {
    watch.aside = false;
    aside.decrement();
    log.warn("the plugin is back: the filter is asked again");
  }
}

onForgetPlugin((pluginId) => {
  const watch = watches.get(pluginId);
  watches.delete(pluginId);
  if (watch !== undefined) {
    end(watch);
    step_aside(pluginId, 0, false);
  }
});
