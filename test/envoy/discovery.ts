/**
 * Configurations that change while Envoy runs: discovery services over files (spec: Envoy's `path_config_source`), of listeners (LDS)
 * and of single HTTP filters (ECDS, as istiod sends plugins).
 */

import { rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

import { bootstrap, httpFilter, typeUrl } from "../../build/envoy/bootstrap.ts";
import type { HttpFilter, ListenersSetup, PluginSetup } from "../../build/envoy/bootstrap.ts";
import { poll } from "../../scripts/poll.ts";
import type { Envoy } from "./envoy.ts";

/** What Envoy has made of a change. */
export type Outcome = "taken" | "refused";

const CHANGE_MS = 20_000;

/** Resources of a discovery service in a file that Envoy watches. */
export class DiscoveryFile {
  readonly #path: string;
  readonly #stats: string;
  #version = 0;

  /** @param stats - what the names of its statistics begin with */
  constructor(path: string, stats: string) {
    this.#path = path;
    this.#stats = stats;
  }

  /** Envoy looks again when something is moved into the file's folder. */
  get source(): object {
    return {
      path_config_source: { path: this.#path, watched_directory: { path: dirname(this.#path) } },
      resource_api_version: "V3",
      // Envoy starts to serve then when the first configuration of a filter is one that it refuses; a file's is there at once.
      initial_fetch_timeout: "1s",
    };
  }

  async write(resources: readonly object[]): Promise<void> {
    this.#version += 1;
    // Outside of the folder: what is made there wakes Envoy up, too.
    const next = `${dirname(this.#path)}.next`;
    await writeFile(next, JSON.stringify({ version_info: String(this.#version), resources }));
    await rename(next, this.#path);
  }

  /** Waits until Envoy has taken the change, or has refused it. */
  async change(envoy: Envoy, resources: readonly object[]): Promise<Outcome> {
    const before = await this.#counts(envoy);
    await this.write(resources);
    const outcome = await poll(CHANGE_MS, async () => {
      const now = await this.#counts(envoy);
      return now.taken > before.taken ? "taken" : now.refused > before.refused ? "refused" : undefined;
    });
    if (outcome === undefined) {
      throw new Error(`Envoy did not see the change of ${this.#path}. Its log:\n${envoy.logs()}`);
    }
    return outcome;
  }

  async #counts(envoy: Envoy): Promise<{ taken: number; refused: number }> {
    const [taken = 0, refused = 0] = await Promise.all(
      ["update_success", "update_rejected"].map((name) => envoy.stat(`${this.#stats}.${name}`)),
    );
    return { taken, refused };
  }
}

export function listenersFile(path: string): DiscoveryFile {
  return new DiscoveryFile(path, "listener_manager.lds");
}

/** @param name - the HTTP filter's */
export function filterFile(path: string, name: string): DiscoveryFile {
  return new DiscoveryFile(path, `extension_config_discovery.http_filter.${name}`);
}

/** A resource of a file of listeners. */
export function listenerResource(listener: object): object {
  return { "@type": typeUrl("envoy.config.listener.v3.Listener"), ...listener };
}

/** A resource of a file of filters. */
export function filterResource(name: string, plugin: PluginSetup): object {
  const { typed_config } = httpFilter(plugin);
  return { "@type": typeUrl("envoy.config.core.v3.TypedExtensionConfig"), name, typed_config };
}

/** An HTTP filter whose plugin comes from a file. */
export function discoveredFilter(name: string, file: DiscoveryFile): HttpFilter {
  return {
    name,
    config_discovery: {
      config_source: file.source,
      type_urls: [typeUrl("envoy.extensions.filters.http.wasm.v3.Wasm")],
    },
  };
}

/** The same configuration, with further listeners from a file. */
export function discoveringBootstrap(setup: ListenersSetup, listeners?: DiscoveryFile): object {
  return {
    node: { id: "envoy", cluster: "tests" },
    ...bootstrap({ adminPort: 0, ...setup }),
    ...(listeners === undefined ? {} : { dynamic_resources: { lds_config: listeners.source } }),
  };
}
