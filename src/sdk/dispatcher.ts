/**
 * Connects a module's filters to the shim. The build's entry calls `start`; the shim calls the filters' hooks itself, and comes
 * here only for what is rare: a configuration, a value that a hook returned, an error.
 *
 * @internal
 */

import { HttpBody } from "./body.ts";
import { configReader } from "./config.ts";
import { Connection } from "./connection.ts";
import { installConsole } from "./console.ts";
import { describe } from "./describe.ts";
import { FetchError, HostError, StreamEndedError } from "./errors.ts";
import { fetch, fetchAnything, FetchResponse } from "./fetch.ts";
import { isFilter, isPlugins } from "./filter.ts";
import type { AnyDefinition, Filter, FilterContext } from "./filter.ts";
import { HttpHeaders, toPairs } from "./headers.ts";
import { limits, setLimits } from "./limits.ts";
import { get_root_id, proxy_send_local_response, proxy_set_effective_context, quote } from "./hostcalls.ts";
import { log } from "./log.ts";
import { HttpRequest, HttpResponse } from "./message.ts";
import { forgetPlugin, jobsDropped } from "./plugin-events.ts";
import { Response } from "./response.ts";
import { Setups } from "./setups.ts";
import { shim } from "./shim.ts";
import type { Watcher } from "./step-aside.ts";

installConsole();

type Message = HttpRequest | HttpResponse | Connection;

function sendLocalReply(message: Message, reply: Response): void {
  proxy_set_effective_context(message);
  proxy_send_local_response(reply.status, reply.details, reply.body, reply.headerPairs, reply.grpcStatus);
}

/** @throws Error when there is no filter for a plugin */
type Chooser = (rootId: string, configuration: string) => Filter;

/** A configuration's text to the configuration, of each filter by its number. */
type Readers = readonly ((text: string) => unknown)[];

/** What only some modules have. What a module does not have here, its code does not hold, and the build leaves it out. */
interface Parts {
  readonly choose: Chooser;
  readonly readers: Readers;
  readonly members: ContextMembers;
  readonly setups: Setups | undefined;
}

/** @returns the plugin's context, its filter's number, and whether its setup goes on; undefined: the configuration is refused */
function configure(
  filters: readonly Filter[],
  { choose, readers, members, setups }: Parts,
  text: string,
  pluginId: number,
) {
  try {
    forgetPlugin(pluginId);
    const rootId = get_root_id();
    const filter = choose(rootId, text);
    const { definition } = filter;
    const number = numberOf(filter, filters);
    const config = readers[number]?.(text);
    (definition.limits?.stepAside as Watcher | undefined)?.watch(pluginId);
    // What it lacks, the filter's code does not name.
    const context = { config, log, pluginId, rootId, ...members } as FilterContext;
    return [context, number, setups?.start(definition, context) ?? false];
  } catch (error) {
    log.error(`the plugin configuration was refused: ${refusal(error)}`);
    return undefined;
  }
}

function numberOf(filter: Filter, filters: readonly Filter[]): number {
  let number = 0;
  while (filters[number] !== filter) {
    number++;
  }
  return number;
}

/** Stands in for a hook while its plugin's setup goes on. */
function waitForSetup(
  setups: Setups,
  message: Message,
  context: FilterContext,
  hook: HookFunction,
  definition: AnyDefinition,
): unknown {
  if (definition.whileSettingUp === "continue") {
    return undefined;
  }
  return setups.wait(context.pluginId)?.then(() => hook.call(definition, message, context));
}

type HookFunction = (this: AnyDefinition, message: Message, context: FilterContext) => unknown;

/** The reason alone when the filter refused it on purpose, the stack too when its reader is broken. */
function refusal(error: unknown): string {
  // Not by its constructor: a name that is in each module's code would keep all constructors in it (src/shim/prune_constructors.c).
  const deliberate =
    error instanceof Error && (error.name === "ConfigError" || Object.getPrototypeOf(error) === Error.prototype);
  if (error instanceof SyntaxError) {
    // Of the filter's own JSON.parse: its message quotes the configuration, which may hold secrets.
    const { stack = "", message } = error;
    const at = stack.indexOf(message);
    return `SyntaxError\n${at === -1 ? stack : stack.slice(0, at) + stack.slice(at + message.length)}`;
  }
  return deliberate ? error.message : describe(error);
}

/** Whether the response's headers have gone on when a hook runs: then no other answer can take its place. */
function headersAreGone(hook: string): boolean {
  return hook === "onResponseBody" || hook === "onResponseTrailers";
}

function isOfConnections(hook: string): boolean {
  return hook === "onNewConnection" || hook.startsWith("onDownstream") || hook.startsWith("onUpstream");
}

function answer(message: Message, value: unknown, hook: string): void {
  if (isOfConnections(hook)) {
    throw new TypeError(`a hook of a network filter must return nothing, not ${describe(value)}`);
  }
  if (!(value instanceof Response)) {
    throw new TypeError(`a hook must return nothing or a Response, not ${describe(value)}`);
  }
  if (headersAreGone(hook)) {
    throw new Error(
      `${hook} cannot answer with another Response: the headers have gone on. Do that in onResponseHeaders`,
    );
  }
  sendLocalReply(message, value);
}

/** True: the stream was answered, reset or closed. Only a hook that can stop its stream can have that. */
function reportError(message: Message, error: unknown, hook: string, definition: AnyDefinition): boolean {
  log.error(`uncaught error in ${hook}: ${describe(error)}`);
  if (definition.onError === "continue" || hook === "onLog" || hook === "onDone" || hook.endsWith("Close")) {
    return false;
  }
  try {
    if (isOfConnections(hook) || headersAreGone(hook)) {
      message.close();
    } else {
      sendLocalReply(message, new Response("Internal Server Error", { status: 500, details: "filter_error" }));
    }
    return true;
  } catch (refused) {
    log.warn(`the stream goes on, it could not be answered with 500: ${describe(refused)}`);
    return false;
  }
}

/** What was awaited may end after its stream, and finds the stream gone: that is no mistake of the filter. */
function reportRejection(reason: unknown): void {
  if (!(reason instanceof StreamEndedError)) {
    log.error(`unhandled rejection: ${describe(reason)}`);
  }
}

/** What the jobs were to settle will not settle any more. A setup fails, and with it the hooks that wait for it. */
function reportDroppedJobs(setups: Setups | undefined, pluginId: number, reason: unknown): void {
  log.error(describe(reason));
  setups?.fail(pluginId, reason);
  jobsDropped(pluginId);
}

function filtersOf(exported: unknown): { filters: readonly Filter[]; choose: Chooser } {
  if (isFilter(exported)) {
    return { filters: [exported], choose: () => exported };
  }
  if (!isPlugins(exported)) {
    throw new TypeError("the default export must be a filter: export default defineFilter({ ... })");
  }
  const named = new Map(Object.entries(exported.filters));
  const choose: Chooser = (rootId, configuration) => {
    const name = exported.choose({ rootId, configuration });
    const filter = named.get(name) ?? named.get("default");
    if (filter === undefined) {
      throw new Error(`the module has no filter for the ${name === rootId ? "root id" : "name"} ${quote(name)}`);
    }
    return filter;
  };
  return { filters: Object.values(exported.filters), choose };
}

/** Members of a plugin's context that a module has only when its filters' code names them. */
type ContextMembers = Partial<Pick<FilterContext, "every" | "fetch">>;

/** Starts a module: its default export. */
export function start(module: { readonly default?: unknown }, givenMembers: ContextMembers): void {
  const { filters, choose } = filtersOf(module.default);
  const ofModule = isPlugins(module.default) ? module.default.limits : undefined;
  setLimits(
    ofModule,
    filters.map(({ definition }) => definition.limits),
  );
  const setups = filters.some(({ definition }) => definition.setup !== undefined) ? new Setups() : undefined;
  const members: ContextMembers = { fetch, ...givenMembers };
  const parts = { choose, readers: filters.map(({ definition }) => configReader(definition.config)), members, setups };
  shim.register({
    filters,
    limits,
    configure: (text, pluginId) => configure(filters, parts, text, pluginId),
    forgetPlugin: (pluginId) => {
      setups?.forget(pluginId);
      forgetPlugin(pluginId);
    },
    waitForSetup:
      setups && ((message, context, hook, definition) => waitForSetup(setups, message, context, hook, definition)),
    onResult: answer,
    onError: reportError,
    onUnhandledRejection: reportRejection,
    onJobsDropped: (pluginId, reason) => {
      reportDroppedJobs(setups, pluginId, reason);
    },
    toPairs,
    members,
    fetch: fetchAnything,
    requestPrototype: HttpRequest.prototype,
    responsePrototype: HttpResponse.prototype,
    connectionPrototype: filters.some(({ network }) => network) ? Connection.prototype : undefined,
    headersPrototype: HttpHeaders.prototype,
    bodyPrototype: HttpBody.prototype,
    callResponsePrototype: FetchResponse.prototype,
    HostError,
    Response,
    StreamEndedError,
    CallError: FetchError,
  });
}
