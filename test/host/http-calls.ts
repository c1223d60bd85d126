import { Status } from "../../src/abi/index.ts";
import type { CalloutIds } from "./callout-ids.ts";
import { bytesToText } from "./byte-string.ts";
import type { Clock } from "./clock.ts";
import type { Context, RootContext } from "./context.ts";
import type { Sender } from "./endpoint.ts";
import { exchange } from "./exchange.ts";
import { HeaderMap } from "./header-map.ts";
import type { HttpMessage } from "./http-message.ts";
import type { HostCalls } from "./imports.ts";
import type { Log } from "./log.ts";
import { pairsOf } from "./pairs.ts";
import type { HeaderPair } from "./pairs.ts";
import type { RequestTraces } from "./request-trace.ts";
import type { Vm } from "./vm.ts";

/** What the filter gave proxy_http_call. */
export interface HttpCall {
  readonly cluster: string;
  readonly headers: readonly HeaderPair[];
  readonly body: Uint8Array;
  readonly trailers: readonly HeaderPair[];
  /** Milliseconds; 0: no limit. */
  readonly timeout: number;
}

/** What calls of all kinds are made with. */
export interface CalloutSettings {
  readonly vm: Vm;
  readonly clock: Clock;
  readonly ids: CalloutIds;
  /** Null: it has no endpoints. */
  readonly clusters: ReadonlyMap<string, Sender | null>;
  readonly traces: RequestTraces;
}

/** The calls of a plugin. Their answers go to its root context, in turns of the event loop of their own. */
export class HttpCalls {
  readonly #settings: CalloutSettings;
  readonly #root: RootContext;
  readonly #log: Log;
  readonly #signal: AbortSignal;
  #open = 0;

  /** @param signal - ends all calls, without an answer */
  constructor(settings: CalloutSettings, root: RootContext, log: Log, signal: AbortSignal) {
    this.#settings = settings;
    this.#root = root;
    this.#log = log;
    this.#signal = signal;
  }

  /** How many calls wait for their answers. */
  get open(): number {
    return this.#open;
  }

  /** Starts a call, as Context::httpCall of Envoy does. @param contextId - of the context that calls */
  start(call: HttpCall, contextId: number): Status | { readonly call_id: number } {
    const { cluster, headers: pairs, body, trailers, timeout } = call;
    const { clusters, clock, ids, traces } = this.#settings;
    const send = clusters.get(cluster);
    const headers = new HeaderMap("request", pairs);
    const complete = headers.has(":path") && headers.has(":method") && headers.has(":authority");
    const trace = traces.of(contextId);
    const onEnd = trace?.startCall({
      cluster,
      method: headers.get(":method") ?? "",
      path: headers.get(":path") ?? "",
    });
    if ((timeout | 0) < 0 || send === undefined || !complete) {
      onEnd?.(send === undefined ? "unknown cluster" : "bad argument");
      return Status.BadArgument;
    }
    if (body.length > 0) {
      headers.replace("content-length", String(body.length));
    }
    const id = ids.nextHttpCall();
    if (send === null) {
      return Status.InternalFailure; // and the id is used up
    }
    if (trailers.length > 0) {
      this.#log.add("warn", `the trailers of the call to ${cluster} are not sent: Envoy 1.40 sends none of calls`);
    }
    const request = { headers, body };
    // Later, because the filter is at work: neither a handler nor an answer may come in between.
    this.#open++;
    setImmediate(() => {
      exchange(send, request, timeout, { clock, signal: this.#signal }).then(
        (response) => {
          this.#open--;
          onEnd?.(endOf(response));
          traces.resume(trace, () => {
            this.#answer(id, response);
          });
        },
        () => undefined, // the plugin has ended
      );
    });
    return { call_id: id };
  }

  /** No headers are the ABI's sign of a call that failed. */
  #answer(id: number, response: HttpMessage | undefined): void {
    const root = this.#root;
    root.callResponse = response;
    if (response === undefined) {
      root.callStatus = { code: Status.BrokenConnection, message: "reset" };
    }
    const forget = () => {
      root.callResponse = undefined;
      root.callStatus = { ...root.callStatus, message: "" };
    };
    const { headers, body, trailers } = response ?? {};
    this.#settings.vm.callThen(
      forget,
      "proxy_on_http_call_response",
      root.id,
      id,
      headers?.size ?? 0,
      body?.length ?? 0,
      trailers?.size ?? 0,
    );
  }
}

/** The status of an answer, or why there is none: Envoy's own answers have not passed through an upstream. */
function endOf(response: HttpMessage | undefined): number | string {
  if (response?.headers.has("x-envoy-upstream-service-time") === true) {
    return Number(response.headers.get(":status"));
  }
  return response === undefined ? "the answer broke off" : bytesToText(response.body).replace(/^.*reset reason: /, "");
}

export function httpCalls(
  callsOf: (context: Context) => HttpCalls,
  context: () => Context,
): Pick<HostCalls, "proxy_http_call"> {
  return {
    proxy_http_call: ({ upstream_name, headers, body, trailers, timeout }) => {
      const caller = context();
      const call = {
        cluster: bytesToText(upstream_name),
        headers: pairsOf(headers),
        body,
        trailers: pairsOf(trailers),
        timeout,
      };
      return callsOf(caller).start(call, caller.id);
    },
  };
}
