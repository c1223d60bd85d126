import type { ConfigReader } from "./config.ts";
import type { Connection } from "./connection.ts";
import { checkDefinition, makeFilter } from "./filter.ts";
import type { Filter, FilterContext, PluginOptions } from "./filter.ts";

/** What a hook of a network filter may return: a promise holds the data back until it settles. */
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- a hook without a return statement has the type void
export type NetworkHookResult = void | undefined | Promise<void | undefined>;

/** A network filter's hooks. Those that are there become exports of the module; the host does not call the others. */
export interface NetworkFilterDefinition<Config, State> extends PluginOptions<Config> {
  /** Reads the plugin configuration, as in `defineFilter`. */
  readonly config?: ConfigReader<Config>;
  /** Makes the state of a connection, for `connection.state`. Runs when it is first asked for. */
  readonly state?: () => State;
  /** What happens to a connection whose hook throws or rejects: "fail" (default) closes it, "continue" lets it go on. */
  readonly onError?: "fail" | "continue";

  /** A client has connected. Spec: `proxy_on_new_connection`. */
  readonly onNewConnection?: (connection: Connection<State>, context: FilterContext<Config>) => NetworkHookResult;
  /** The client has sent data: `connection.downstreamData`. Spec: `proxy_on_downstream_data`. */
  readonly onDownstreamData?: (connection: Connection<State>, context: FilterContext<Config>) => NetworkHookResult;
  /** The upstream has sent data: `connection.upstreamData`. Spec: `proxy_on_upstream_data`. */
  readonly onUpstreamData?: (connection: Connection<State>, context: FilterContext<Config>) => NetworkHookResult;
  /** The connection to the client is closed; `closer` 1 is the proxy, 2 the client. Spec: `proxy_on_downstream_connection_close`. */
  readonly onDownstreamClose?: (connection: Connection<State>, context: FilterContext<Config>, closer: number) => void;
  /** The connection to the upstream is closed. Spec: `proxy_on_upstream_connection_close`. */
  readonly onUpstreamClose?: (connection: Connection<State>, context: FilterContext<Config>, closer: number) => void;
  /** The connection is being logged. Spec: `proxy_on_log`. */
  readonly onLog?: (connection: Connection<State>, context: FilterContext<Config>) => void;
  /** The connection is complete; the last callback that sees it. Spec: `proxy_on_done`. */
  readonly onDone?: (connection: Connection<State>, context: FilterContext<Config>) => void;
}

const HOOKS = [
  "onNewConnection",
  "onDownstreamData",
  "onUpstreamData",
  "onDownstreamClose",
  "onUpstreamClose",
  "onLog",
  "onDone",
];

/**
 * Defines a network (TCP) filter: Envoy's `envoy.filters.network.wasm`. The default export of a filter's file must be what this
 * returns, or part of it: see `definePlugins`.
 *
 * @throws TypeError when a hook is not a function or its name is unknown
 *
 * @example
 * ```ts
 * export default defineNetworkFilter({
 *   onDownstreamData(connection) {
 *     connection.downstreamData.set(connection.downstreamData.text().toUpperCase());
 *   },
 * });
 * ```
 */
export function defineNetworkFilter<Config = undefined, State = undefined>(
  definition: NetworkFilterDefinition<Config, State>,
): Filter {
  checkDefinition("defineNetworkFilter", definition, HOOKS, []);
  return makeFilter(definition, true);
}
