/** Envoy's configurations of the soak test, one after the other. */

import { listener, UPSTREAM } from "../../build/envoy/bootstrap.ts";
import type { PluginSetup } from "../../build/envoy/bootstrap.ts";
import {
  discoveredFilter,
  discoveringBootstrap,
  filterFile,
  filterResource,
  listenerResource,
  listenersFile,
} from "../envoy/discovery.ts";
import type { DiscoveryFile, Outcome } from "../envoy/discovery.ts";
import { runEnvoy } from "../envoy/envoy.ts";
import type { Envoy } from "../envoy/envoy.ts";
import type { TempProject } from "../temp-project.ts";
import type { Server } from "./servers.ts";

/** So many configurations of the plugins have one VM; the next one has another configuration of the VM, and with it a new VM. */
const GENERATIONS_OF_A_VM = 6;
/** Longer than any request takes. */
const DRAIN_S = 10;
const WORK = "work";

export function vmOf(generation: number): number {
  return Math.floor(generation / GENERATIONS_OF_A_VM);
}

/** Two listeners from a file (LDS), each with a filter from another file (ECDS). */
export class Configurations {
  readonly #wasm: string;
  readonly #listeners: DiscoveryFile;
  readonly #work: DiscoveryFile;
  generation = 0;
  refused = 0;

  constructor(wasm: string, folder: TempProject) {
    this.#wasm = wasm;
    this.#listeners = listenersFile(folder.path("listeners/lds.json"));
    this.#work = filterFile(folder.path("filters/ecds.json"), WORK);
  }

  async start(workers: number, upstream: Server, called: Server): Promise<Envoy> {
    await this.#listeners.write(this.#listenersOf(0));
    await this.#work.write(this.#workOf(0));
    const setup = { listeners: [], upstream: upstream.url, clusters: { called: called.url } };
    return runEnvoy(discoveringBootstrap(setup, this.#listeners), {
      workers,
      wasmLogLevel: "info",
      drainSeconds: DRAIN_S,
    });
  }

  /** The next configuration. */
  async next(envoy: Envoy): Promise<void> {
    this.generation += 1;
    await this.#change(envoy, this.generation, "taken");
  }

  /** One that the plugins refuse. */
  async refuse(envoy: Envoy): Promise<void> {
    await this.#change(envoy, -1, "refused");
    this.refused += 1;
  }

  async #change(envoy: Envoy, generation: number, expected: Outcome): Promise<void> {
    const outcomes = [
      await this.#listeners.change(envoy, this.#listenersOf(generation)),
      await this.#work.change(envoy, this.#workOf(generation)),
    ];
    if (outcomes.some((outcome) => outcome !== expected)) {
      throw new Error(`configuration ${generation} was ${outcomes.join(" and ")}, not ${expected}`);
    }
  }

  #listenersOf(generation: number): object[] {
    return (["parts", "whole"] as const).map((name) => {
      const bodies = name === "parts" ? "stream" : "rewrite";
      return listenerResource(
        listener(
          {
            ...this.#plugin("edge", generation),
            filters: [discoveredFilter(WORK, this.#work), this.#plugin(bodies, generation)],
            routes: ROUTES,
          },
          name,
        ),
      );
    });
  }

  #workOf(generation: number): object[] {
    return [filterResource(WORK, this.#plugin("work", generation))];
  }

  #plugin(rootId: string, generation: number): PluginSetup {
    const vmConfig = String(vmOf(Math.max(generation, 0)));
    return { wasm: this.#wasm, name: rootId, rootId, config: { generation }, vmConfig };
  }
}

/** Longer than a worker is ever busy, but where the upstream never answers. */
const ROUTES = [
  { match: { prefix: "/impatient" }, route: { cluster: UPSTREAM, timeout: "0.1s" } },
  { match: { prefix: "/" }, route: { cluster: UPSTREAM, timeout: "60s" } },
];
