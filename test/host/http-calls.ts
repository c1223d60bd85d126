import { Status } from "../../src/abi/index.ts";
import type { RootContext } from "./context.ts";
import type { Sender } from "./endpoint.ts";
import { exchange } from "./exchange.ts";
import { HeaderMap } from "./header-map.ts";
import type { HttpMessage } from "./http-message.ts";
import type { HeaderPair } from "./pairs.ts";
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

/** The calls of the filter. Their answers go to the root context, in turns of the event loop of their own. */
export class HttpCalls {
  readonly #vm: Vm;
  readonly #root: RootContext;
  readonly #clusters: ReadonlyMap<string, Sender>;
  readonly #signal: AbortSignal;
  #nextToken = 1;

  /** @param signal - ends all calls, without an answer */
  constructor(vm: Vm, root: RootContext, clusters: ReadonlyMap<string, Sender>, signal: AbortSignal) {
    this.#vm = vm;
    this.#root = root;
    this.#clusters = clusters;
    this.#signal = signal;
  }

  /** Starts a call, as Context::httpCall of Envoy does. */
  start({ cluster, headers: pairs, body, trailers, timeout }: HttpCall): Status | { readonly call_id: number } {
    const send = this.#clusters.get(cluster);
    const headers = new HeaderMap("request", pairs);
    const complete = headers.has(":path") && headers.has(":method") && headers.has(":authority");
    if ((timeout | 0) < 0 || send === undefined || !complete) {
      return Status.BadArgument;
    }
    if (body.length > 0) {
      headers.replace("content-length", String(body.length));
    }
    const token = this.#nextToken++;
    const request = {
      headers,
      body,
      ...(trailers.length > 0 ? { trailers: new HeaderMap("trailers", trailers) } : {}),
    };
    // Later, because the filter is at work: neither a handler nor an answer may come in between.
    setImmediate(() => {
      exchange(send, request, timeout, this.#signal).then(
        (response) => {
          this.#answer(token, response);
        },
        () => undefined, // the host is being closed
      );
    });
    return { call_id: token };
  }

  /** No headers are the ABI's sign of a call that failed. */
  #answer(token: number, response: HttpMessage | undefined): void {
    const root = this.#root;
    root.callResponse = response;
    if (response === undefined) {
      root.callStatus = { code: Status.BrokenConnection, message: "reset" };
    }
    const { headers, body, trailers } = response ?? {};
    this.#vm.call(
      "proxy_on_http_call_response",
      root.id,
      token,
      headers?.size ?? 0,
      body?.length ?? 0,
      trailers?.size ?? 0,
    );
    root.callResponse = undefined;
    root.callStatus = { ...root.callStatus, message: "" };
  }
}
