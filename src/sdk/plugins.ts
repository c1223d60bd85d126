import { isFilter, PLUGINS } from "./filter.ts";
import type { Filter, Plugins } from "./filter.ts";

/**
 * Puts several filters into one module: the host's root id (Envoy: `root_id` of a plugin's configuration) chooses. HTTP filters
 * and network filters may stand side by side.
 *
 * @param filters - by root id; the name "default" stands for every other one
 * @throws TypeError when one of them is no filter
 *
 * @example
 * ```ts
 * export default definePlugins({ auth: defineFilter({ ... }), echo: defineNetworkFilter({ ... }) });
 * ```
 */
export function definePlugins(filters: Readonly<Record<string, Filter>>): Plugins {
  for (const [name, filter] of Object.entries(filters)) {
    if (!isFilter(filter)) {
      throw new TypeError(`definePlugins: ${name} must be what defineFilter or defineNetworkFilter returns`);
    }
  }
  return { [PLUGINS]: true, filters };
}
