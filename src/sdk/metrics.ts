/**
 * Metrics in the host's statistics (spec: `proxy_define_metric` and its neighbours). In Envoy their names begin with `wasmcustom.`,
 * which its Prometheus endpoint leaves out, and all workers share their values.
 *
 * ABI metrics have no labels. A metric with labels is one metric for each combination of values, and the labels stand before
 * the name in the form that Istio's own metrics have: `method=.=GET;.;status=.=200;.;requests`. Envoy makes tags of them by its
 * configuration `stats_config.stats_tags`, for each label `{ tag_name: method, regex: "(method=\\.=(.*?);\\.;)" }`; in Istio
 * `extraStatTags: [method, status]` of the proxy's configuration writes that. What is left is one name, `requests`.
 *
 * @module
 */

import { MetricType } from "../abi/index.ts";
import { proxy_define_metric, proxy_get_metric, proxy_increment_metric, proxy_record_metric } from "./hostcalls.ts";

/** A metric of the host that is defined when it is first used: at the top level there is no host. */
class Metric {
  readonly name: string;
  readonly #type: MetricType;
  #id: number | undefined;

  /** @internal */
  constructor(type: MetricType, name: string) {
    this.#type = type;
    this.name = name;
  }

  /** The host's id of it. */
  protected get id(): number {
    return (this.#id ??= proxy_define_metric(this.#type, this.name));
  }
}

/** A number that only grows. */
export class Counter extends Metric {
  /** @internal */
  constructor(name: string) {
    super(MetricType.Counter, name);
  }

  /**
   * Adds to it; 0 changes nothing. Spec: `proxy_increment_metric`.
   *
   * @throws RangeError when `by` is negative or no integer
   */
  increment(by = 1): void {
    checkAmount("Counter.increment", by);
    if (by > 0) {
      proxy_increment_metric(this.id, by);
    }
  }

  /** Its value, of all workers. Spec: `proxy_get_metric`. */
  get value(): number {
    return proxy_get_metric(this.id);
  }
}

/** A number that goes up and down. It should not become negative: Envoy shows 2^64 less so much then. */
export class Gauge extends Metric {
  /** @internal */
  constructor(name: string) {
    super(MetricType.Gauge, name);
  }

  /** Adds to it. Spec: `proxy_increment_metric`. @throws RangeError when `by` is negative or no integer */
  increment(by = 1): void {
    checkAmount("Gauge.increment", by);
    proxy_increment_metric(this.id, by);
  }

  /** Takes from it. Spec: `proxy_increment_metric`. @throws RangeError when `by` is negative or no integer */
  decrement(by = 1): void {
    checkAmount("Gauge.decrement", by);
    proxy_increment_metric(this.id, -by);
  }

  /** Sets it. Spec: `proxy_record_metric`. @throws RangeError when `value` is negative or no integer */
  record(value: number): void {
    checkAmount("Gauge.record", value);
    proxy_record_metric(this.id, value);
  }

  /** Its value, of all workers. Spec: `proxy_get_metric`. */
  get value(): number {
    return proxy_get_metric(this.id);
  }
}

/** Values whose distribution the host keeps; they cannot be read back. */
export class Histogram extends Metric {
  /** @internal */
  constructor(name: string) {
    super(MetricType.Histogram, name);
  }

  /** Adds a value. Spec: `proxy_record_metric`. @throws RangeError when it is negative or no integer: round it first */
  record(value: number): void {
    checkAmount("Histogram.record", value);
    proxy_record_metric(this.id, value);
  }
}

function checkAmount(what: string, amount: number): void {
  if (!Number.isSafeInteger(amount) || amount < 0) {
    throw new RangeError(`${what}: a metric takes integers from 0 to 2^53 - 1, not ${String(amount)}`);
  }
}

/** A metric with labels: one of its own for each combination of their values. */
export class Labeled<Label extends string, M> {
  readonly name: string;
  readonly #labels: readonly Label[];
  readonly #make: (name: string) => M;
  readonly #made = new Map<string, M>();

  /** @internal */
  constructor(name: string, labels: readonly Label[], make: (name: string) => M) {
    this.name = name;
    this.#labels = labels;
    this.#make = make;
  }

  /**
   * The metric of these values. The host keeps each combination for ever: take values of which there are few (a method, a
   * status class), and never what a client can choose freely (a path, a header).
   *
   * An empty value becomes "unknown", and the separators `;.;` and `=.=` in a value lose their dots.
   *
   * @throws TypeError when a label has no value
   */
  with(values: Readonly<Record<Label, string>>): M {
    let name = "";
    for (const label of this.#labels) {
      const value = values[label] as unknown;
      if (typeof value !== "string") {
        throw new TypeError(`the metric ${this.name} needs a string for the label ${label}, not ${String(value)}`);
      }
      name += `${label}=.=${labelValue(value)};.;`;
    }
    name += this.name;
    let metric = this.#made.get(name);
    if (metric === undefined) {
      metric = this.#make(name);
      this.#made.set(name, metric);
    }
    return metric;
  }
}

/** A value in which nothing looks like a separator, not even with the separator after it. */
function labelValue(value: string): string {
  let text = value === "" ? "unknown" : value;
  while (`${text};.;`.indexOf(";.;") < text.length) {
    text = text.replace(";.", ";");
  }
  while (text.includes("=.=")) {
    text = text.replace("=.=", "==");
  }
  return text;
}

/** Options of a metric's definition. */
export interface MetricOptions<Label extends string> {
  /** Names of its labels. */
  readonly labels: readonly Label[];
}

function define<Label extends string, M>(
  what: string,
  name: string,
  options: MetricOptions<Label> | undefined,
  make: (name: string) => M,
): M | Labeled<Label, M> {
  if (typeof name !== "string" || name === "") {
    throw new TypeError(`${what}: a metric needs a name`);
  }
  if (options === undefined) {
    return make(name);
  }
  const { labels } = options;
  for (const label of labels) {
    if (
      label === "" ||
      label.includes(";.;") ||
      label.includes("=.=") ||
      labels.indexOf(label) !== labels.lastIndexOf(label)
    ) {
      throw new TypeError(
        `${what}: ${JSON.stringify(label)} cannot be a label of ${name}: it is empty, twice there, or has a separator`,
      );
    }
  }
  return new Labeled(name, labels, make);
}

/**
 * Defines a counter; the host hears of it when it is first used. Make it at the top level; one whose name is known only later
 * may be made in a hook, and kept in a map.
 *
 * @throws TypeError when a name is empty
 *
 * @example
 * ```ts
 * const requests = defineCounter("requests", { labels: ["method"] });
 *
 * export default defineFilter({
 *   onRequestHeaders(request) {
 *     requests.with({ method: request.method }).increment();
 *   },
 * });
 * ```
 */
export function defineCounter(name: string): Counter;
export function defineCounter<const Label extends string>(
  name: string,
  options: MetricOptions<Label>,
): Labeled<Label, Counter>;
export function defineCounter(name: string, options?: MetricOptions<string>): Counter | Labeled<string, Counter> {
  return define("defineCounter", name, options, (full) => new Counter(full));
}

/**
 * Defines a gauge, as {@link defineCounter} does a counter.
 *
 * @example
 * ```ts
 * const open = defineGauge("open_streams");
 * open.increment();
 * ```
 */
export function defineGauge(name: string): Gauge;
export function defineGauge<const Label extends string>(
  name: string,
  options: MetricOptions<Label>,
): Labeled<Label, Gauge>;
export function defineGauge(name: string, options?: MetricOptions<string>): Gauge | Labeled<string, Gauge> {
  return define("defineGauge", name, options, (full) => new Gauge(full));
}

/**
 * Defines a histogram, as {@link defineCounter} does a counter.
 *
 * @example
 * ```ts
 * const sizes = defineHistogram("body_bytes");
 * sizes.record(request.body.size);
 * ```
 */
export function defineHistogram(name: string): Histogram;
export function defineHistogram<const Label extends string>(
  name: string,
  options: MetricOptions<Label>,
): Labeled<Label, Histogram>;
export function defineHistogram(name: string, options?: MetricOptions<string>): Histogram | Labeled<string, Histogram> {
  return define("defineHistogram", name, options, (full) => new Histogram(full));
}
