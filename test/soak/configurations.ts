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

/** Longer than any request takes. */
const DRAIN_S = 10;
const WORK = "work";
const LOG_END = 4000;

/** Two listeners from a file (LDS), each with a filter from another file (ECDS). */
export class Configurations {
  readonly #wasm: string;
  readonly #listeners: DiscoveryFile;
  readonly #work: DiscoveryFile;
  /** For each configuration that was taken, the number of the VM's. */
  readonly vms = [0];
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

  get generation(): number {
    return this.vms.length - 1;
  }

  /** The next configuration. @param vm - the number of the VM's configuration: another one means new VMs */
  async next(envoy: Envoy, vm: number): Promise<void> {
    this.vms.push(vm);
    await this.#change(envoy, this.generation, "taken");
  }

  /** One that the plugins refuse. */
  async refuse(envoy: Envoy): Promise<void> {
    await this.#change(envoy, -1, "refused");
    this.refused += 1;
  }

  async #change(envoy: Envoy, generation: number, expected: Outcome): Promise<void> {
    const outcomes = [
      // In this order: Envoy refuses a listener while the last configuration of a filter in it is one that it has refused.
      await this.#work.change(envoy, this.#workOf(generation)),
      await this.#listeners.change(envoy, this.#listenersOf(generation)),
    ];
    if (outcomes.some((outcome) => outcome !== expected)) {
      throw new Error(
        `configuration ${generation} was ${outcomes.join(" and ")}, not ${expected}. Envoy's log:\n${envoy.logs().slice(-LOG_END)}`,
      );
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
    const vmConfig = String(this.vms.at(-1));
    return { wasm: this.#wasm, name: rootId, rootId, config: { generation }, vmConfig };
  }
}

/** Longer than a worker is ever busy, but where the upstream never answers. */
const ROUTES = [
  { match: { prefix: "/impatient" }, route: { cluster: UPSTREAM, timeout: "0.1s" } },
  { match: { prefix: "/" }, route: { cluster: UPSTREAM, timeout: "60s" } },
];
