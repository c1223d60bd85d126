import type { ConfigReader } from "./config.ts";
import { fetch } from "./fetch.ts";
import { log } from "./log.ts";
import { checkLimits } from "./limits.ts";
import type { Limits } from "./limits.ts";
import type { HttpRequest, HttpResponse } from "./message.ts";
import type { Response } from "./response.ts";
import type { every } from "./timers.ts";

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
  /** {@link every}: timers of this plugin. */
  readonly every: typeof every;
  /** The host's id of this plugin's root context. */
  readonly pluginId: number;
  /** The plugin's root id in the host's configuration (Envoy: `root_id`); "" when it has none. */
  readonly rootId: string;
}

/** What both kinds of filters have for their plugin. */
export interface PluginOptions<Config> {
  /**
   * Runs when a plugin has been configured, before its first stream: for calls whose answers the filter needs, timers, queues.
   * An error that it throws refuses the configuration; one that its promise rejects with is the error of each hook.
   */
  readonly setup?: (plugin: FilterContext<Config>) => void | Promise<void>;
  /** What streams do until `setup`'s promise settles: "wait" (default), or "continue" without the filter. */
  readonly whileSettingUp?: "wait" | "continue";
  /** How much time, memory and more the filter may take: see {@link Limits} for what they are without it. */
  readonly limits?: Limits;
}

/**
 * How a body reaches its hook. "whole" (default): the host collects it, and the hook runs once. "rewrite": the same, and it may
 * be replaced by one of another length; content-length is removed after the hook of the headers. "stream": the hook runs for each
 * part as it arrives, and the part goes on when it returns. "inspect": the hook runs for each part as it arrives, and the host
 * holds all of them until the hook has let the last one pass. What the host collects is limited (Envoy: the listener's and route's buffer limits, 1 MiB by default;
 * a longer request is answered with 413; a longer response with 500, or broken off where its status has been sent already).
 */
export type BodyMode = "whole" | "rewrite" | "stream" | "inspect";

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
export interface FilterDefinition<Config, State> extends PluginOptions<Config> {
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

  readonly requestBody?: BodyMode;
  readonly responseBody?: BodyMode;

  /** The request's headers are there. Its body is held back while a promise is pending. Spec: `proxy_on_request_headers`. */
  readonly onRequestHeaders?: (
    request: HttpRequest<State>,
    context: FilterContext<Config>,
  ) => HookResult | Promise<HookResult>;

  /** The request's body, or a part of it, is there: `request.body`. Not called without a body. Spec: `proxy_on_request_body`. */
  readonly onRequestBody?: (
    request: HttpRequest<State>,
    context: FilterContext<Config>,
  ) => HookResult | Promise<HookResult>;

  /** The request's trailers are there: `request.trailers`. Spec: `proxy_on_request_trailers`. */
  readonly onRequestTrailers?: (
    request: HttpRequest<State>,
    context: FilterContext<Config>,
  ) => HookResult | Promise<HookResult>;

  /** The response's headers are there; also those of a local reply. Spec: `proxy_on_response_headers`. */
  readonly onResponseHeaders?: (
    response: HttpResponse<State>,
    context: FilterContext<Config>,
  ) => HookResult | Promise<HookResult>;

  /**
   * The response's body, or a part of it, is there: `response.body`. Its headers have gone on, so that the answer cannot be
   * replaced by another one any more. Spec: `proxy_on_response_body`.
   */
  readonly onResponseBody?: (
    response: HttpResponse<State>,
    context: FilterContext<Config>,
  ) => HookResult | Promise<HookResult>;

  /** The response's trailers are there: `response.trailers`. Spec: `proxy_on_response_trailers`. */
  readonly onResponseTrailers?: (
    response: HttpResponse<State>,
    context: FilterContext<Config>,
  ) => HookResult | Promise<HookResult>;

  /** The stream is complete and is being logged; headers can be read. Spec: `proxy_on_log`. */
  readonly onLog?: (response: HttpResponse<State>, context: FilterContext<Config>) => void;

  /** The stream is complete; the last callback that sees it. Spec: `proxy_on_done`. */
  readonly onDone?: (response: HttpResponse<State>, context: FilterContext<Config>) => void;
}

/** What hooks and options of both kinds of filters have in common, for the dispatcher. @internal */
export type AnyDefinition = FilterDefinition<unknown, unknown>;

/** A filter, as `defineFilter` and `defineNetworkFilter` make it: the default export of a filter's file. */
export interface Filter {
  /** @internal */
  readonly definition: AnyDefinition;
  /** @internal */
  readonly network: boolean;
}

/** @internal */
export const PLUGINS = Symbol("plugins");

/** Several filters, by root id, as `definePlugins` makes them. */
export interface Plugins {
  /** @internal */
  readonly [PLUGINS]: true;
  /** @internal */
  readonly filters: Readonly<Record<string, Filter>>;
  /** @internal */
  readonly choose: (plugin: { readonly rootId: string; readonly configuration: string }) => string;
  /** @internal */
  readonly limits: Limits | undefined;
}

/** @internal */
export function isPlugins(value: unknown): value is Plugins {
  return typeof value === "object" && value !== null && PLUGINS in value;
}

const filters = new WeakSet();

/** @internal */
export function makeFilter(definition: object, network: boolean): Filter {
  const filter: Filter = { definition: definition, network };
  filters.add(filter);
  return filter;
}

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
  checkDefinition("defineFilter", definition, HOOKS, ["requestBody", "responseBody"]);
  return makeFilter(definition, false);
}

/** @internal */
export function isFilter(value: unknown): value is Filter {
  return typeof value === "object" && value !== null && filters.has(value);
}

const HOOKS = [
  "onRequestHeaders",
  "onRequestBody",
  "onRequestTrailers",
  "onResponseHeaders",
  "onResponseBody",
  "onResponseTrailers",
  "onLog",
  "onDone",
];

/** The options that are one of some words. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  onError: ["fail", "continue"],
  whileSettingUp: ["wait", "continue"],
  requestBody: ["whole", "rewrite", "stream", "inspect"],
  responseBody: ["whole", "rewrite", "stream", "inspect"],
};

/**
 * @internal
 * @throws TypeError when an option of a filter is unknown or wrong
 */
export function checkDefinition(
  of: string,
  definition: object,
  hooks: readonly string[],
  more: readonly string[],
): void {
  const functions = [...hooks, "state", "setup"];
  const choices = ["onError", "whileSettingUp", ...more];
  for (const [name, value] of Object.entries(definition)) {
    if (value === undefined || name === "config") {
      continue;
    }
    if (name === "limits") {
      checkLimits(of, value);
      continue;
    }
    const words = choices.includes(name) ? CHOICES[name] : undefined;
    if (words !== undefined) {
      if (!words.includes(String(value))) {
        throw new TypeError(`${of}: ${name} must be ${words.map((word) => JSON.stringify(word)).join(" or ")}`);
      }
    } else if (!functions.includes(name)) {
      throw new TypeError(
        `${of}: unknown option ${name}; there are config, limits, ${[...choices, ...functions].join(", ")}`,
      );
    } else if (typeof value !== "function") {
      throw new TypeError(`${of}: ${name} must be a function`);
    }
  }
}
