import type { ConfigReader } from "./config.ts";
import { fetch } from "./fetch.ts";
import { log } from "./log.ts";
import type { HttpRequest, HttpResponse } from "./message.ts";
import type { Response } from "./response.ts";

/**
 * What each hook is given beside its request or response. It belongs to the plugin, not to a stream, so that its parts can be
 * taken apart and kept: `({ config, fetch, log })`.
 */
export interface FilterContext<Config = unknown> {
  /** What the filter's `config` returned for this plugin. */
  readonly config: Config;
  /** {@link fetch} */
  readonly fetch: typeof fetch;
  /** {@link log} */
  readonly log: typeof log;
  /** The host's id of this plugin's root context. */
  readonly pluginId: number;
}

/**
 * What a hook that can stop its stream may return. Undefined lets the stream go on, a {@link Response} answers it; a promise
 * pauses this direction of the stream until it settles, unless it has settled already.
 */
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- a hook without a return statement has the type void
export type HookResult = Response | undefined | void;

/**
 * A filter's hooks. Those that are there become exports of the module; the host does not call the others.
 *
 * Put `config` and `state` first: the types of the hooks' parameters follow from what they return.
 */
export interface FilterDefinition<Config, State> {
  /**
   * Reads the plugin configuration: the parsed JSON (undefined when it is empty), or a Standard Schema. What it throws refuses
   * the configuration, with the reason in the host's log. Runs when a plugin is configured. Spec: `proxy_on_configure`.
   */
  readonly config?: ConfigReader<Config>;

  /** Makes the state of a stream, for `request.state` and `response.state`. Runs when it is first asked for. */
  readonly state?: () => State;

  /**
   * What happens to a stream whose hook throws or rejects. "fail" (default): it is answered with 500, where that is still
   * possible. "continue": it goes on as if the hook had returned. The error is logged in both cases.
   */
  readonly onError?: "fail" | "continue";

  /** The request's headers are there. Its body is held back while a promise is pending. Spec: `proxy_on_request_headers`. */
  readonly onRequestHeaders?: (
    request: HttpRequest<State>,
    context: FilterContext<Config>,
  ) => HookResult | Promise<HookResult>;

  /** The response's headers are there; also those of a local reply. Spec: `proxy_on_response_headers`. */
  readonly onResponseHeaders?: (
    response: HttpResponse<State>,
    context: FilterContext<Config>,
  ) => HookResult | Promise<HookResult>;

  /** The stream is complete and is being logged; headers can be read. Spec: `proxy_on_log`. */
  readonly onLog?: (response: HttpResponse<State>, context: FilterContext<Config>) => void;

  /** The stream is complete; the last callback that sees it. Spec: `proxy_on_done`. */
  readonly onDone?: (response: HttpResponse<State>, context: FilterContext<Config>) => void;
}

/** A filter, as `defineFilter` makes it and the default export of a filter's file must be. */
export interface Filter {
  /** @internal */
  readonly definition: FilterDefinition<unknown, unknown>;
}

const filters = new WeakSet();

/**
 * Defines an HTTP filter. The default export of a filter's file must be what this returns.
 *
 * The file's top level runs once, when the filter is built: what it computes there is part of the module, and what it reads
 * there (the time, random numbers) is the same in every instance.
 *
 * @throws TypeError when a hook is not a function or its name is unknown
 *
 * @example
 * ```ts
 * export default defineFilter({
 *   config: (json) => ({ header: "x-filter", ...(json as object) }),
 *   onRequestHeaders(request, { config }) {
 *     request.headers.set(config.header, request.path);
 *   },
 * });
 * ```
 */
export function defineFilter<Config = undefined, State = undefined>(
  definition: FilterDefinition<Config, State>,
): Filter {
  checkDefinition(definition);
  const filter: Filter = { definition: definition as FilterDefinition<unknown, unknown> };
  filters.add(filter);
  return filter;
}

/** @internal */
export function isFilter(value: unknown): value is Filter {
  return typeof value === "object" && value !== null && filters.has(value);
}

const HOOKS = ["onRequestHeaders", "onResponseHeaders", "onLog", "onDone", "state"];

function checkDefinition(definition: object): void {
  for (const [name, value] of Object.entries(definition)) {
    if (HOOKS.includes(name)) {
      if (value !== undefined && typeof value !== "function") {
        throw new TypeError(`defineFilter: ${name} must be a function`);
      }
    } else if (name === "onError") {
      if (value !== undefined && value !== "fail" && value !== "continue") {
        throw new TypeError('defineFilter: onError must be "fail" or "continue"');
      }
    } else if (name !== "config") {
      throw new TypeError(`defineFilter: unknown option ${name}; there are config, onError, ${HOOKS.join(", ")}`);
    }
  }
}
