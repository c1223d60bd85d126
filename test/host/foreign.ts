import { Status } from "../../src/abi/index.ts";
import { deflateSync, inflateSync } from "node:zlib";

import { bytesToText } from "./byte-string.ts";
import type { Context } from "./context.ts";
import { messageOf } from "./errors.ts";
import type { HostCalls } from "./imports.ts";
import type { Log } from "./log.ts";

/**
 * A function that the host offers under a name beyond the ABI (proxy_call_foreign_function). Returning nothing is an empty
 * result. Throwing is Envoy's answer to arguments that it cannot use, BadArgument.
 */
export type ForeignFunction = (argument: Uint8Array) => Uint8Array | undefined;

/** Those that Envoy has and that need nothing but their argument. */
const BUILT_IN: Readonly<Record<string, ForeignFunction>> = {
  compress: (argument) => deflateSync(argument),
  uncompress: (argument) => inflateSync(argument),
};
/** What these answer to data that is none of theirs. */
const FAILURE: Readonly<Record<string, Status>> = { uncompress: Status.SerializationFailure };

/** The foreign functions of a VM, and how often routes were forgotten. */
export class ForeignFunctions {
  readonly #functions: ReadonlyMap<string, ForeignFunction>;
  readonly #log: Log;
  routeCacheClears = 0;

  constructor(functions: Readonly<Record<string, ForeignFunction>>, log: Log) {
    this.#functions = new Map(Object.entries({ ...BUILT_IN, ...functions }));
    this.#log = log;
  }

  call(name: string, argument: Uint8Array, context: Context): Status | { readonly results: Uint8Array } {
    const run = this.#functions.get(name);
    if (run === undefined) {
      return name === "clear_route_cache" ? this.#clearRouteCache(context) : Status.NotFound;
    }
    try {
      return { results: run(argument) ?? new Uint8Array() };
    } catch (error) {
      this.#log.add("warn", `the foreign function ${name} threw, which is a refusal: ${messageOf(error)}`);
      return FAILURE[name] ?? Status.BadArgument;
    }
  }

  #clearRouteCache(context: Context): { readonly results: Uint8Array } {
    if (context.clearRouteCache()) {
      this.routeCacheClears++;
    }
    return { results: new Uint8Array() };
  }
}

export function foreignCalls(
  functions: ForeignFunctions,
  context: () => Context,
): Pick<HostCalls, "proxy_call_foreign_function"> {
  return {
    proxy_call_foreign_function: ({ name, arguments: argument }) =>
      functions.call(bytesToText(name), argument, context()),
  };
}
