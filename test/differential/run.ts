import { compare } from "./compare.ts";
import { EnvoySide } from "./envoy-side.ts";
import { KNOWN_DIFFERENCES } from "./known-differences.ts";
import { NodeSide } from "./node-side.ts";
import type { ComparedPlugin, Scenario, StepOutcome } from "./scenario.ts";

/** What a run has seen. */
export interface Totals {
  scenarios: number;
  callbacks: number;
  calls: number;
  /** What arrived at clients, upstreams and called clusters. */
  arrivals: number;
  /** Names of the known differences that showed. */
  readonly known: Set<string>;
}

export function newTotals(): Totals {
  return { scenarios: 0, callbacks: 0, calls: 0, arrivals: 0, known: new Set() };
}

export function addTotals(sum: Totals, { scenarios, callbacks, calls, arrivals, known }: Totals): void {
  sum.scenarios += scenarios;
  sum.callbacks += callbacks;
  sum.calls += calls;
  sum.arrivals += arrivals;
  known.forEach((name) => sum.known.add(name));
}

/** The same module in both hosts. */
export class Pair implements AsyncDisposable {
  readonly #envoy: EnvoySide;
  readonly #node: NodeSide;
  readonly totals = newTotals();

  private constructor(envoy: EnvoySide, node: NodeSide) {
    this.#envoy = envoy;
    this.#node = node;
  }

  /** @param plugins - by name; scenarios say which is theirs */
  static async start(wasm: string, plugins: Readonly<Record<string, ComparedPlugin>>): Promise<Pair> {
    const listeners = Object.entries(plugins).map(([name, plugin]) => [name, { wasm, ...plugin }] as const);
    const envoy = await EnvoySide.start(Object.fromEntries(listeners));
    try {
      return new Pair(envoy, await NodeSide.start(wasm, plugins));
    } catch (error) {
      await envoy[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Compares how the module started. @returns what differs; undefined: nothing */
  async compareStart(): Promise<string | undefined> {
    return this.#compare("start", [await this.#envoy.started()], [await this.#node.started()]);
  }

  /** @returns what differs; undefined: nothing */
  async compare(scenario: Scenario): Promise<string | undefined> {
    const [envoy, node] = await Promise.all([this.#envoy.run(scenario), this.#node.run(scenario)]);
    return this.#compare(`${scenario.name} (${scenario.plugin})`, envoy, node);
  }

  #compare(name: string, envoy: readonly StepOutcome[], node: readonly StepOutcome[]): string | undefined {
    const { isSame, report, known } = compare(envoy, node, KNOWN_DIFFERENCES);
    const { totals } = this;
    totals.scenarios++;
    for (const line of envoy.flatMap(({ lines }) => lines)) {
      if (line.startsWith("proxy_on_")) {
        totals.callbacks++;
      } else if (/^ {2}\w+\(/.test(line)) {
        totals.calls++;
      } else if (/^(upstream|client|called)\b/.test(line)) {
        totals.arrivals++;
      }
    }
    for (const difference of known) {
      totals.known.add(difference);
    }
    return isSame ? undefined : `${name}\n${report}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#envoy[Symbol.asyncDispose]();
    await this.#node[Symbol.asyncDispose]();
  }
}

export function summary({ scenarios, callbacks, calls, arrivals, known }: Totals): string {
  const differences = known.size === 0 ? "none" : [...known].join(", ");
  return `${scenarios} scenarios: ${callbacks} callbacks, ${calls} host calls, ${arrivals} arrivals compared; known differences: ${differences}`;
}
