/**
 * Connects a module's filters to the shim. The build's entry calls `start`; the shim calls the filters' hooks itself, and comes
 * here only for what is rare: a configuration, a value that a hook returned, an error.
 *
 * @internal
 */

import { HttpBody } from "./body.ts";
import { readConfig } from "./config.ts";
import { Connection } from "./connection.ts";
import { installConsole } from "./console.ts";
import { describe } from "./describe.ts";
import { FetchError, HostError, StreamEndedError } from "./errors.ts";
import { fetch, FetchResponse } from "./fetch.ts";
import { isFilter, isPlugins } from "./filter.ts";
import type { AnyDefinition, Filter, FilterContext } from "./filter.ts";
import { HttpHeaders, toPairs } from "./headers.ts";
import { limits, setLimits } from "./limits.ts";
import {
  proxy_get_property,
  proxy_send_local_response,
  proxy_set_effective_context,
  set_plugin_ready,
} from "./hostcalls.ts";
import { log } from "./log.ts";
import { HttpRequest, HttpResponse } from "./message.ts";
import { forgetPlugin, jobsDropped } from "./plugin-events.ts";
import { Response } from "./response.ts";
import { shim } from "./shim.ts";
import type { Watcher } from "./step-aside.ts";
import { decodeUtf8 } from "./utf8.ts";

installConsole();

type Message = HttpRequest | HttpResponse | Connection;

function sendLocalReply(message: Message, reply: Response): void {
  proxy_set_effective_context(message);
  proxy_send_local_response(reply.status, reply.details, reply.body, reply.headerPairs, reply.grpcStatus);
}

/** @throws Error when there is no filter for a plugin */
type Chooser = (rootId: string, configuration: string) => Filter;

interface Setup {
  /** Streams wait for it. */
  readonly promise: Promise<void>;
  readonly fail: (reason: unknown) => void;
}

/** The setups that go on, and the last one of each plugin. */
const setups = new Map<number, Setup>();

/** @returns the plugin's context, its filter's number, and whether its setup goes on; undefined: the configuration is refused */
function configure(
  filters: readonly Filter[],
  choose: Chooser,
  members: ContextMembers,
  text: string,
  pluginId: number,
) {
  try {
    forgetPlugin(pluginId);
    const rootId = decodeUtf8(proxy_get_property("plugin_root_id") ?? "");
    const filter = choose(rootId, text);
    const { definition } = filter;
    const config = readConfig(text, definition.config);
    (definition.limits?.stepAside as Watcher | undefined)?.watch(pluginId);
    // What it lacks, the filter's code does not name.
    const context = { config, fetch, log, pluginId, rootId, ...members } as FilterContext;
    return [context, filters.indexOf(filter), setUp(definition, context)];
  } catch (error) {
    log.error(`the plugin configuration was refused: ${refusal(error)}`);
    return undefined;
  }
}

function setUp(definition: AnyDefinition, context: FilterContext): boolean {
  const { pluginId } = context;
  const setup = definition.setup?.(context);
  if (!(setup instanceof Promise)) {
    setups.delete(pluginId);
    return false;
  }
  let fail: Setup["fail"] = () => undefined;
  const promise = new Promise<void>((resolve, reject) => {
    setup.then(resolve, reject);
    fail = reject;
  });
  setups.set(pluginId, { promise, fail });
  promise.then(
    () => {
      if (setups.get(pluginId)?.promise === promise) {
        set_plugin_ready(pluginId);
      }
    },
    (error: unknown) => {
      log.error(`setup failed: ${describe(error)}`);
    },
  );
  return true;
}

/** Stands in for a hook while its plugin's setup goes on. */
function waitForSetup(
  message: Message,
  context: FilterContext,
  hook: HookFunction,
  definition: AnyDefinition,
): unknown {
  if (definition.whileSettingUp === "continue") {
    return undefined;
  }
  return setups.get(context.pluginId)?.promise.then(() => hook.call(definition, message, context));
}

type HookFunction = (this: AnyDefinition, message: Message, context: FilterContext) => unknown;

/** The reason alone when the filter refused it on purpose, the stack too when its reader is broken. */
function refusal(error: unknown): string {
  const deliberate = error instanceof Error && (error.name === "ConfigError" || error.constructor === Error);
  if (error instanceof SyntaxError) {
    // Of the filter's own JSON.parse: its message quotes the configuration, which may hold secrets.
    return `SyntaxError\n${(error.stack ?? "").replace(error.message, "")}`;
  }
  return deliberate ? error.message : describe(error);
}

/** Whether the response's headers have gone on when a hook runs: then no other answer can take its place. */
function headersAreGone(hook: string): boolean {
  return hook === "onResponseBody" || hook === "onResponseTrailers";
}

function answer(message: Message, value: unknown, hook: string): void {
  if (message instanceof Connection) {
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
    if (message instanceof Connection || headersAreGone(hook)) {
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
function reportDroppedJobs(pluginId: number, reason: unknown): void {
  log.error(describe(reason));
  setups.get(pluginId)?.fail(reason);
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
      throw new Error(
        `the module has no filter for the ${name === rootId ? "root id" : "name"} ${JSON.stringify(name)}`,
      );
    }
    return filter;
  };
  return { filters: Object.values(exported.filters), choose };
}

/** Members of a plugin's context that a module has only when its filters' code names them. */
type ContextMembers = Partial<Pick<FilterContext, "every">>;

/** Starts a module: its default export. */
export function start(module: { readonly default?: unknown }, members: ContextMembers): void {
  const { filters, choose } = filtersOf(module.default);
  const ofModule = isPlugins(module.default) ? module.default.limits : undefined;
  setLimits(
    ofModule,
    filters.map(({ definition }) => definition.limits),
  );
  shim.register({
    filters,
    limits,
    configure: (text, pluginId) => configure(filters, choose, members, text, pluginId),
    forgetPlugin: (pluginId) => {
      setups.delete(pluginId);
      forgetPlugin(pluginId);
    },
    waitForSetup,
    onResult: answer,
    onError: reportError,
    onUnhandledRejection: reportRejection,
    onJobsDropped: reportDroppedJobs,
    toPairs,
    requestPrototype: HttpRequest.prototype,
    responsePrototype: HttpResponse.prototype,
    connectionPrototype: Connection.prototype,
    headersPrototype: HttpHeaders.prototype,
    bodyPrototype: HttpBody.prototype,
    callResponsePrototype: FetchResponse.prototype,
    HostError,
    StreamEndedError,
    CallError: FetchError,
  });
}
