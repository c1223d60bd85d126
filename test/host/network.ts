import { BufferType, PeerType, Status, StreamType } from "../../src/abi/index.ts";
import type { MapType } from "../../src/abi/index.ts";
import { streamAttribute } from "./attributes.ts";
import { BodyBuffer, emptyBuffer } from "./body-buffer.ts";
import type { Clock } from "./clock.ts";
import type { Context, RootContext } from "./context.ts";
import type { HeaderMap } from "./header-map.ts";
import type { Attribute } from "./properties.ts";
import type { FailurePolicy } from "./machines.ts";
import type { Vm } from "./vm.ts";

/** Who a connection is between. */
export interface ConnectionEnds {
  readonly upstream: (data: Uint8Array, endOfStream: boolean) => void;
  readonly downstream: (data: Uint8Array, endOfStream: boolean) => void;
  /** It is closed, and the filter has seen that. */
  readonly closed: () => void;
}

/** One direction of a connection: what has arrived and not passed on stays, and the filter sees all of it each time. */
interface Flow {
  readonly data: BodyBuffer;
  /** The filter can see the data. */
  isVisible: boolean;
  isEnd: boolean;
  /** Its end has passed. */
  hasEnded: boolean;
}

const newFlow = (): Flow => ({
  data: new BodyBuffer(new Uint8Array(), true),
  isVisible: false,
  isEnd: false,
  hasEnded: false,
});

export interface ConnectionSettings {
  readonly clock: Clock;
  readonly connectionId: number;
  readonly failurePolicy: FailurePolicy;
}

/** A TCP connection through the filter, as Envoy's connection (network/connection_impl.cc) and its Wasm filter treat it. */
export class Connection implements Context {
  readonly id: number;
  readonly root: RootContext;
  readonly isLogging = false;
  readonly filterState = new Map<string, Uint8Array>();
  readonly #vm: Vm;
  readonly #ends: ConnectionEnds;
  readonly #connectionId: number;
  readonly #failurePolicy: FailurePolicy;
  readonly #startTime: bigint;
  readonly #down = newFlow();
  readonly #up = newFlow();
  #isClosed = false;
  /** proxy_on_new_connection paused: Envoy's TCP proxy reads nothing before it has an upstream, and has none yet. */
  #isOpening = false;

  constructor(
    id: number,
    vm: Vm,
    root: RootContext,
    ends: ConnectionEnds,
    { clock, connectionId, failurePolicy }: ConnectionSettings,
  ) {
    this.id = id;
    this.root = root;
    this.#vm = vm;
    this.#ends = ends;
    this.#connectionId = connectionId;
    this.#failurePolicy = failurePolicy;
    this.#startTime = clock.now();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Returns the action. */
  open(): number {
    if (this.#vm.failed && this.#failurePolicy !== "FAIL_OPEN") {
      this.fail();
      return 1;
    }
    this.#vm.call("proxy_on_context_create", this.id, this.root.id);
    const action = this.#vm.call("proxy_on_new_connection", this.id) ?? 0;
    this.#isOpening = action !== 0;
    return action;
  }

  /** From the client. Returns the action; undefined when the connection is closed, or is not open yet. */
  downstreamData(data: Uint8Array, endOfStream: boolean): number | undefined {
    if (this.#isClosed) {
      return undefined;
    }
    this.#down.data.append(data);
    this.#down.isEnd = endOfStream;
    return this.#isOpening ? undefined : this.#filterDownstream();
  }

  #filterDownstream(): number {
    return this.#filter(this.#down, "proxy_on_downstream_data", () => {
      this.#passUpstream();
    });
  }

  /** From the upstream. Envoy tells the filter that the upstream has closed when its data ends. */
  upstreamData(data: Uint8Array, endOfStream: boolean): number | undefined {
    if (this.#isClosed) {
      return undefined;
    }
    this.#up.data.append(data);
    this.#up.isEnd = endOfStream;
    const action = this.#filter(this.#up, "proxy_on_upstream_data", () => {
      this.#up.hasEnded = endOfStream;
      this.#ends.downstream(this.#up.data.drain(), endOfStream);
    });
    if (endOfStream) {
      this.#vm.call("proxy_on_upstream_connection_close", this.id, PeerType.Unknown);
    }
    this.#closeIfEnded(PeerType.Local);
    return action;
  }

  /** Both sides have sent their end, and it has passed. */
  #closeIfEnded(by: PeerType): void {
    if (this.#down.hasEnded && this.#up.hasEnded) {
      this.close(by);
    }
  }

  #filter(flow: Flow, callback: "proxy_on_downstream_data" | "proxy_on_upstream_data", pass: () => void): number {
    flow.isVisible = true;
    const action = this.#vm.call(callback, this.id, flow.data.bytes.length, Number(flow.isEnd)) ?? 0;
    if (action === 0) {
      flow.isVisible = false;
      if (!this.#isClosed) {
        pass();
      }
    }
    return action;
  }

  #passUpstream(): void {
    this.#down.hasEnded = this.#down.isEnd;
    this.#ends.upstream(this.#down.data.drain(), this.#down.isEnd);
    this.#closeIfEnded(PeerType.Remote);
  }

  /** Envoy finishes with the done, log and delete of a connection in this order, which is not that of HTTP streams. */
  close(by: PeerType): void {
    if (this.#isClosed) {
      return;
    }
    this.#isClosed = true;
    this.#vm.defer(() => {
      this.#vm.call("proxy_on_downstream_connection_close", this.id, by);
      this.#vm.call("proxy_on_done", this.id);
      this.#vm.call("proxy_on_log", this.id);
      this.#vm.call("proxy_on_delete", this.id);
      this.#ends.closed();
    });
  }

  /** The module is broken, which closes the connection. */
  fail(): void {
    this.close(PeerType.Local);
  }

  map(type: MapType, access: "read" | "change"): HeaderMap | undefined {
    return this.root.map(type, access);
  }

  buffer(type: BufferType): BodyBuffer | undefined {
    if (type !== BufferType.DownstreamData && type !== BufferType.UpstreamData) {
      return this.root.buffer(type);
    }
    const flow = type === BufferType.DownstreamData ? this.#down : this.#up;
    return flow.isVisible ? flow.data : emptyBuffer();
  }

  attribute(name: string): Attribute | undefined {
    const info = {
      requestHeaders: undefined,
      responseHeaders: undefined,
      responseTrailers: undefined,
      startTime: this.#startTime,
      duration: undefined,
      protocol: undefined,
      bytesReceived: 0,
      bytesSent: 0,
      code: undefined,
      codeDetails: undefined,
      connectionId: this.#connectionId,
      filterState: this.filterState,
    };
    return streamAttribute(name, info) ?? this.root.attribute(name);
  }

  /** What was received passes on. Envoy has not made this for the other direction, whose data waits for more data. */
  continueStream(type: StreamType): Status {
    if (type === StreamType.Downstream) {
      this.#vm.defer(() => {
        const wasOpening = this.#isOpening;
        this.#isOpening = false;
        if (this.#isClosed || (this.#down.data.bytes.length === 0 && !this.#down.isEnd)) {
          return;
        }
        if (wasOpening) {
          this.#filterDownstream();
        } else {
          this.#passUpstream();
        }
      });
    }
    return this.root.continueStream(type);
  }

  /** Both directions belong to the client's connection: closing either closes it. */
  closeStream(type: StreamType): Status {
    if (type === StreamType.Downstream || type === StreamType.Upstream) {
      this.#vm.defer(() => {
        this.close(PeerType.Local);
      });
    }
    return Status.Ok;
  }

  sendLocalResponse(): Status {
    return Status.Ok;
  }

  clearRouteCache(): boolean {
    return false;
  }
}
