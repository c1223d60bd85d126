import { checkLimits } from "./limits.ts";
import type { Limits } from "./limits.ts";
import { isFilter, PLUGINS } from "./filter.ts";
import type { Filter, Plugins } from "./filter.ts";

/** What a plugin's filter may be chosen by. */
export interface PluginChoice {
  /** The plugin's root id in the host's configuration (Envoy: `root_id`); "" when it has none. */
  readonly rootId: string;
  /** The plugin configuration as it is. Bytes that are no UTF-8 are U+FFFD. */
  readonly configuration: string;
}

/**
 * Puts several filters into one module: the host's root id (Envoy: `root_id` of a plugin's configuration) chooses, or `choose`
 * does. HTTP filters and network filters may stand side by side.
 *
 * @param filters - by root id, or by what `choose` returns; the name "default" stands for every other one
 * @param options - `choose`: the name of a plugin's filter. What it throws refuses the configuration.
 *   `limits`: those of the module, whatever its filters have.
 * @throws TypeError when one of them is no filter
 *
 * @example
 * ```ts
 * export default definePlugins({ auth: defineFilter({ ... }), echo: defineNetworkFilter({ ... }) });
 * export default definePlugins(
 *   { auth: defineFilter({ ... }), default: defineFilter({ ... }) },
 *   { choose: ({ configuration }) => JSON.parse(configuration).filter },
 * );
 * ```
 */
export function definePlugins(
  filters: Readonly<Record<string, Filter>>,
  options: { readonly choose?: (plugin: PluginChoice) => string; readonly limits?: Omit<Limits, "stepAside"> } = {},
): Plugins {
  for (const [name, filter] of Object.entries(filters)) {
    if (!isFilter(filter)) {
      throw new TypeError(`definePlugins: ${name} must be what defineFilter or defineNetworkFilter returns`);
    }
  }
  if (options.limits !== undefined) {
    checkLimits("definePlugins", options.limits);
  }
  return { [PLUGINS]: true, filters, choose: options.choose ?? (({ rootId }) => rootId), limits: options.limits };
}
