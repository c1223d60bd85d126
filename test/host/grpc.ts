/** gRPC calls and streams, as Context::grpcCall and its neighbours of Envoy. Most of this was measured in Envoy 1.40. */

import { Status } from "../../src/abi/index.ts";
import { BodyBuffer } from "./body-buffer.ts";
import { textDecoder } from "./byte-string.ts";
import { isGrpcCallId, isGrpcStreamId } from "./callout-ids.ts";
import type { RootContext } from "./context.ts";
import { MessageQueue, runGrpcHandler } from "./grpc-handler.ts";
import type { GrpcServices, GrpcStatus } from "./grpc-handler.ts";
import { parseGrpcService } from "./grpc-service.ts";
import { HeaderMap } from "./header-map.ts";
import type { CalloutSettings } from "./http-calls.ts";
import type { Log } from "./log.ts";
import { messageOf } from "./errors.ts";
import type { HeaderPair } from "./pairs.ts";

/** What the filter gave proxy_grpc_call or proxy_grpc_stream. */
export interface GrpcRequest {
  readonly upstream: Uint8Array;
  readonly service: string;
  readonly method: string;
  readonly metadata: readonly HeaderPair[];
}

/** A call or a stream that has not been forgotten. */
interface Callout {
  readonly requests: MessageQueue;
  readonly abort: AbortController;
  localClosed: boolean;
  remoteClosed: boolean;
  stopTimer: () => void;
}

/** What a service sends. */
interface Events {
  readonly initialMetadata: (pairs: Iterable<HeaderPair>) => void;
  readonly message: (bytes: Uint8Array) => void;
  readonly end: (status: GrpcStatus, trailing: Iterable<HeaderPair>) => void;
}

const INTERNAL = 13;
const UNAVAILABLE = 14;
/** Envoy appends to a status's message how the response ended. */
const DETAILS = "via_upstream";

export class GrpcCalls {
  readonly #settings: CalloutSettings;
  readonly #services: GrpcServices;
  readonly #root: RootContext;
  readonly #log: Log;
  readonly #callouts = new Map<number, Callout>();

  constructor(settings: CalloutSettings, services: GrpcServices, root: RootContext, log: Log, signal: AbortSignal) {
    this.#settings = settings;
    this.#services = services;
    this.#root = root;
    this.#log = log;
    signal.addEventListener("abort", () => {
      for (const id of [...this.#callouts.keys()]) {
        this.cancel(id);
      }
    });
  }

  /** How many calls and streams have not ended. */
  get open(): number {
    return this.#callouts.size;
  }

  /** A call that is answered gives proxy_on_grpc_receive alone, and one that fails gives proxy_on_grpc_close alone. */
  call(request: GrpcRequest, message: Uint8Array, timeout: number): Status | { readonly call_id: number } {
    const cluster = this.#cluster(request.upstream);
    if (typeof cluster === "number") {
      return cluster;
    }
    const id = this.#settings.ids.nextGrpcCall();
    const callout = this.#add(id, cluster);
    if (callout === undefined) {
      return Status.InternalFailure;
    }
    callout.requests.push(message);
    callout.requests.end();
    let answer: Uint8Array | undefined;
    this.#run(callout, cluster, request, {
      initialMetadata: () => undefined,
      message: (bytes) => {
        answer ??= bytes;
      },
      end: (status) => {
        callout.stopTimer();
        if (status.code === 0 && answer !== undefined) {
          this.#callouts.delete(id);
          this.#receive(id, answer);
        } else {
          this.#close(id, callout, status.code === 0 ? { code: INTERNAL, message: "" } : status);
        }
      },
    });
    this.#startTimer(id, callout, timeout);
    return { call_id: id };
  }

  stream(request: GrpcRequest): Status | { readonly stream_id: number } {
    const cluster = this.#cluster(request.upstream);
    if (typeof cluster === "number") {
      return cluster;
    }
    const id = this.#settings.ids.nextGrpcStream();
    const callout = this.#add(id, cluster);
    if (callout === undefined) {
      return Status.InternalFailure;
    }
    const root = this.#root;
    this.#run(callout, cluster, request, {
      initialMetadata: (pairs) => {
        const map = (root.grpcInitialMetadata = new HeaderMap("response", pairs));
        this.#settings.vm.call("proxy_on_grpc_receive_initial_metadata", root.id, id, map.size);
        root.grpcInitialMetadata = undefined;
      },
      message: (bytes) => {
        this.#receive(id, bytes);
      },
      end: (status, pairs) => {
        const map = (root.grpcTrailingMetadata = new HeaderMap("trailers", pairs));
        this.#settings.vm.call("proxy_on_grpc_receive_trailing_metadata", root.id, id, map.size);
        root.grpcTrailingMetadata = undefined;
        if (!callout.abort.signal.aborted) {
          this.#close(id, callout, status);
        }
      },
    });
    return { stream_id: id };
  }

  send(id: number, message: Uint8Array, endOfStream: boolean): Status {
    if (!isGrpcStreamId(id)) {
      return Status.BadArgument;
    }
    const stream = this.#callouts.get(id);
    if (stream === undefined) {
      return Status.NotFound;
    }
    stream.requests.push(message);
    if (endOfStream) {
      stream.requests.end();
    }
    return Status.Ok;
  }

  /** Ends the filter's side of a stream; of a call, it is the same as cancelling. */
  close(id: number): Status {
    const stream = this.#callouts.get(id);
    if (!isGrpcStreamId(id) || stream === undefined) {
      return this.cancel(id);
    }
    stream.requests.end();
    stream.localClosed = true;
    if (stream.remoteClosed) {
      this.#callouts.delete(id);
    }
    return Status.Ok;
  }

  /** Nothing is heard of it any more. */
  cancel(id: number): Status {
    if (!isGrpcCallId(id) && !isGrpcStreamId(id)) {
      return Status.BadArgument;
    }
    const callout = this.#callouts.get(id);
    if (callout === undefined) {
      return Status.NotFound;
    }
    this.#callouts.delete(id);
    callout.stopTimer();
    callout.requests.end();
    callout.abort.abort();
    return Status.Ok;
  }

  /** The cluster of a service; a status when there is none. */
  #cluster(upstream: Uint8Array): string | Status {
    const service = parseGrpcService(upstream);
    if (service === undefined) {
      const name = textDecoder.decode(upstream);
      return this.#isKnown(name) ? name : Status.ParseFailure;
    }
    if (service.cluster === undefined) {
      this.#log.add(
        "warn",
        `the gRPC service ${JSON.stringify(textDecoder.decode(upstream))} is a protobuf message without a cluster, on which ` +
          "Envoy 1.40 crashes; give a serialized envoy.config.core.v3.GrpcService",
      );
      return Status.BadArgument;
    }
    return service.cluster;
  }

  #isKnown(cluster: string): boolean {
    return Object.hasOwn(this.#services, cluster) || this.#settings.clusters.has(cluster);
  }

  /** Undefined: there is no such cluster. Envoy tells so by a status, and once more by closing an id that the filter does not know. */
  #add(id: number, cluster: string): Callout | undefined {
    const callout = {
      requests: new MessageQueue(),
      abort: new AbortController(),
      localClosed: false,
      remoteClosed: false,
      stopTimer: () => undefined,
    };
    if (this.#isKnown(cluster)) {
      this.#callouts.set(id, callout);
      return callout;
    }
    this.#settings.vm.defer(() => {
      this.#close(id, callout, { code: UNAVAILABLE, message: "Cluster not available" });
    });
    return undefined;
  }

  #run(callout: Callout, cluster: string, { service, method, metadata }: GrpcRequest, events: Events): void {
    const { signal } = callout.abort;
    const info = { cluster, service, method, metadata, initialMetadata: [], trailingMetadata: [], signal };
    const head = (): HeaderPair[] => [
      [":status", "200"],
      ["content-type", "application/grpc"],
      ...info.initialMetadata,
      ["x-envoy-upstream-service-time", "0"],
    ];
    const tail = ({ code, message }: GrpcStatus): HeaderPair[] => [
      ["grpc-status", String(code)],
      ...(message === "" ? [] : [["grpc-message", percentEncode(message)] as const]),
      ...info.trailingMetadata,
    ];
    let hasInitial = false;
    const onMessage = (bytes: Uint8Array) => {
      if (!hasInitial && !signal.aborted) {
        hasInitial = true;
        events.initialMetadata(head());
      }
      if (!signal.aborted) {
        events.message(bytes);
      }
    };
    const onError = (error: unknown) => {
      this.#log.add("warn", `the gRPC handler of ${service}/${method} threw, which is status 2: ${messageOf(error)}`);
    };
    const handler = this.#services[cluster]?.[`${service}/${method}`];
    // Later, because the filter is at work.
    setImmediate(() => {
      void runGrpcHandler(handler, callout.requests, info, onMessage, onError).then((status) => {
        if (!hasInitial && !signal.aborted) {
          // A response of trailers alone.
          events.initialMetadata(status.code === 0 ? head() : []);
        }
        if (!signal.aborted) {
          const message = status.message === "" ? DETAILS : `${percentEncode(status.message)}{${DETAILS}}`;
          const isWhole = hasInitial || status.code === 0;
          events.end({ code: status.code, message }, isWhole ? tail(status) : [...head(), ...tail(status)]);
        }
      });
    });
  }

  #startTimer(id: number, callout: Callout, timeout: number): void {
    if (timeout > 0) {
      callout.stopTimer = this.#settings.clock.after(timeout, () => {
        callout.abort.abort();
        this.#close(id, callout, { code: UNAVAILABLE, message: "upstream request timeout{response_timeout}" });
      });
    }
  }

  #receive(id: number, message: Uint8Array): void {
    const root = this.#root;
    root.grpcMessage = new BodyBuffer(message, true);
    const forget = () => {
      root.grpcMessage = undefined;
    };
    this.#settings.vm.callThen(forget, "proxy_on_grpc_receive", root.id, id, message.length);
  }

  #close(id: number, callout: Callout, status: GrpcStatus): void {
    const root = this.#root;
    callout.remoteClosed = true;
    root.callStatus = status;
    const forget = () => {
      root.callStatus = { code: status.code, message: "" };
      if (isGrpcCallId(id) || callout.localClosed) {
        this.#callouts.delete(id);
      }
    };
    this.#settings.vm.callThen(forget, "proxy_on_grpc_close", root.id, id, status.code);
  }
}

/** As gRPC sends a status's message. Envoy hands it on as it came. */
function percentEncode(message: string): string {
  return message.replace(/[^ -$&-~]/gu, (character) => encodeURIComponent(character));
}
