/**
 * Connects a filter to the shim. The build's entry calls `start`; the shim calls the filter's hooks itself, and comes here only
 * for what is rare: a configuration, a value that a hook returned, an error.
 *
 * @internal
 */

import { readConfig } from "./config.ts";
import { installConsole } from "./console.ts";
import { describe } from "./describe.ts";
import { FetchError, HostError, StreamEndedError } from "./errors.ts";
import { fetch, FetchResponse } from "./fetch.ts";
import { isFilter } from "./filter.ts";
import type { Filter, FilterContext, FilterDefinition } from "./filter.ts";
import { HttpHeaders, toPairs } from "./headers.ts";
import { proxy_send_local_response, proxy_set_effective_context } from "./hostcalls.ts";
import { log } from "./log.ts";
import { HttpRequest, HttpResponse } from "./message.ts";
import { Response } from "./response.ts";
import { shim } from "./shim.ts";

installConsole();

type Message = HttpRequest | HttpResponse;

function sendLocalReply(message: Message, reply: Response): void {
  proxy_set_effective_context(message);
  proxy_send_local_response(reply.status, reply.details, reply.body, reply.headerPairs, reply.grpcStatus);
}

function configure(filter: Filter, text: string, pluginId: number): FilterContext | undefined {
  try {
    return { config: readConfig(text, filter.definition.config), fetch, log, pluginId };
  } catch (error) {
    log.error(`the plugin configuration was refused: ${refusal(error)}`);
    return undefined;
  }
}

/** The reason alone when the filter refused it on purpose, the stack too when its reader is broken. */
function refusal(error: unknown): string {
  const deliberate = error instanceof Error && (error.name === "ConfigError" || error.constructor === Error);
  return deliberate ? error.message : describe(error);
}

function answer(message: Message, value: unknown): void {
  if (!(value instanceof Response)) {
    throw new TypeError(`a hook must return nothing or a Response, not ${describe(value)}`);
  }
  sendLocalReply(message, value);
}

/** True: the stream was answered. Only a hook that can stop its stream can have that. */
function reportError(definition: FilterDefinition<unknown, unknown>, message: Message, error: unknown, hook: string) {
  log.error(`uncaught error in ${hook}: ${describe(error)}`);
  if (definition.onError === "continue" || hook === "onLog" || hook === "onDone") {
    return false;
  }
  try {
    sendLocalReply(message, new Response("Internal Server Error", { status: 500, details: "filter_error" }));
    return true;
  } catch (refused) {
    // A host takes no local reply once the response's headers are on their way.
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

/** Starts a filter's module: its default export. */
export function start(module: { readonly default?: unknown }): void {
  const filter = module.default;
  if (!isFilter(filter)) {
    throw new TypeError("the default export must be a filter: export default defineFilter({ ... })");
  }
  const { definition } = filter;
  shim.register({
    filter: definition,
    configure: (text, pluginId) => configure(filter, text, pluginId),
    createState: definition.state,
    onRequestHeaders: definition.onRequestHeaders,
    onResponseHeaders: definition.onResponseHeaders,
    onLog: definition.onLog,
    onDone: definition.onDone,
    onResult: answer,
    onError: (message, error, hook) => reportError(definition, message, error, hook),
    onUnhandledRejection: reportRejection,
    toPairs,
    requestPrototype: HttpRequest.prototype,
    responsePrototype: HttpResponse.prototype,
    headersPrototype: HttpHeaders.prototype,
    callResponsePrototype: FetchResponse.prototype,
    HostError,
    StreamEndedError,
    CallError: FetchError,
  });
}
