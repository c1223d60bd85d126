/** The metrics that filters define, as Context::defineMetric and its neighbours of Envoy keep them. */

import { MetricType, Status } from "../../src/abi/index.ts";
import { bytesToText } from "./byte-string.ts";
import type { HostCalls } from "./imports.ts";
import { keep } from "./recent.ts";

/** A metric that the filter has defined: a counter or a gauge has a value, a histogram all that was recorded. */
export type Metric =
  | { readonly type: "Counter" | "Gauge"; readonly value: number | bigint }
  | { readonly type: "Histogram"; readonly values: readonly (number | bigint)[] };

/** A metric's value. It is the process's: VMs that define the same metric share it. */
export interface MetricCell {
  readonly type: keyof typeof MetricType;
  value: bigint;
  readonly values: bigint[];
}

/** The type is in the lowest two bits of an id. */
const TYPE_MASK = 3;
const ID_STEP = 4;
const TYPE_NAMES = ["Counter", "Gauge", "Histogram"] as const;

export class Metrics {
  readonly #cells: Map<string, MetricCell>;
  readonly #byId = new Map<number, MetricCell>();
  readonly #lastIds: [number, number, number] = [MetricType.Counter, MetricType.Gauge, MetricType.Histogram];

  /** @param cells - the values, which other VMs may have as well */
  constructor(cells: Map<string, MetricCell>) {
    this.#cells = cells;
  }

  /** By name. When metrics of different types share a name, the later ones are under the name and the type: `name (Gauge)`. */
  read(): ReadonlyMap<string, Metric> {
    const metrics = new Map<string, Metric>();
    for (const [key, { type, value, values }] of this.#cells) {
      const name = key.slice(key.indexOf(" ") + 1);
      metrics.set(
        metrics.has(name) ? `${name} (${type})` : name,
        type === "Histogram" ? { type, values: values.map(readable) } : { type, value: readable(value) },
      );
    }
    return metrics;
  }

  /** Each definition gets an id of its own; those of the same name and type are of the same metric. */
  define(type: number, name: string): Status | { readonly metric_id: number } {
    const typeName = TYPE_NAMES[type];
    if (typeName === undefined) {
      return Status.BadArgument;
    }
    const key = `${type} ${name}`;
    const cell = this.#cells.get(key) ?? { type: typeName, value: 0n, values: [] };
    this.#cells.set(key, cell);
    const id = (this.#lastIds[type] ?? 0) + ID_STEP;
    this.#lastIds[type] = id;
    this.#byId.set(id, cell);
    return { metric_id: id };
  }

  increment(id: number, offset: bigint): Status {
    if ((id & TYPE_MASK) > MetricType.Gauge) {
      return Status.BadArgument;
    }
    const cell = this.#byId.get(id);
    if (cell === undefined) {
      return Status.NotFound;
    }
    if (cell.type === "Counter" && offset <= 0n) {
      return Status.BadArgument;
    }
    cell.value = BigInt.asUintN(64, cell.value + offset);
    return Status.Ok;
  }

  /** Recording on a counter adds. */
  record(id: number, value: bigint): Status {
    const cell = this.#byId.get(id);
    if (cell === undefined) {
      return Status.NotFound;
    }
    if (cell.type === "Histogram") {
      keep(cell.values, value);
    } else {
      cell.value = BigInt.asUintN(64, cell.type === "Counter" ? cell.value + value : value);
    }
    return Status.Ok;
  }

  get(id: number): Status | { readonly value: bigint } {
    if ((id & TYPE_MASK) > MetricType.Gauge) {
      return Status.BadArgument;
    }
    const cell = this.#byId.get(id);
    return cell === undefined ? Status.NotFound : { value: cell.value };
  }
}

function readable(value: bigint): number | bigint {
  return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

export function metricCalls(
  metrics: Metrics,
): Pick<HostCalls, "proxy_define_metric" | "proxy_increment_metric" | "proxy_record_metric" | "proxy_get_metric"> {
  return {
    proxy_define_metric: ({ metric_type, name }) => metrics.define(metric_type, bytesToText(name)),
    proxy_increment_metric: ({ metric_id, offset }) => metrics.increment(metric_id, offset),
    proxy_record_metric: ({ metric_id, value }) => metrics.record(metric_id, value),
    proxy_get_metric: ({ metric_id }) => metrics.get(metric_id),
  };
}
