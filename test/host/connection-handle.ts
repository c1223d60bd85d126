import { Action, PeerType } from "../../src/abi/index.ts";
import { bytesToText } from "./byte-string.ts";
import { inputBytes } from "./client-request.ts";
import type { BytesInput } from "./client-request.ts";
import { TestHostError } from "./errors.ts";
import type { Connection, ConnectionEnds } from "./network.ts";
import type { ActionName, PartOptions } from "./stream-handle.ts";

/** What came of some data. */
export interface ConnectionStep {
  /** What the filter's callback returned. Undefined: none was called, because the connection is closed or not open yet. */
  readonly action: ActionName | undefined;
  /** The bytes that passed on meanwhile, to the other side. */
  readonly passed: Uint8Array;
  /** `passed` read as UTF-8. */
  readonly text: string;
}

/** Bytes that have arrived at one side. */
export interface ByteRecording {
  readonly bytes: Uint8Array;
  /** The bytes read as UTF-8. */
  readonly text: string;
  /** The other side has ended its data. */
  readonly endOfStream: boolean;
}

class ByteRecorder implements ByteRecording {
  bytes: Uint8Array = new Uint8Array();
  endOfStream = false;

  readonly add = (data: Uint8Array, endOfStream: boolean): void => {
    this.bytes = new Uint8Array(Buffer.concat([this.bytes, data]));
    this.endOfStream ||= endOfStream;
  };

  get text(): string {
    return bytesToText(this.bytes);
  }
}

/** A TCP connection through a network filter, whose events a test makes one by one. */
export class ConnectionHandle {
  readonly #connection: Connection;
  readonly #upstream = new ByteRecorder();
  readonly #downstream = new ByteRecorder();
  readonly #openAction: number;

  /** @internal */
  constructor(openConnection: (ends: ConnectionEnds) => Connection) {
    this.#connection = openConnection({
      upstream: this.#upstream.add,
      downstream: this.#downstream.add,
      closed: () => undefined,
    });
    this.#openAction = this.#connection.open();
  }

  /** The id of the connection's context, as in `TestHost.calls`. */
  get contextId(): number {
    return this.#connection.id;
  }

  /** What proxy_on_new_connection returned. */
  get action(): ActionName {
    return actionName(this.#openAction) ?? "Continue";
  }

  get isClosed(): boolean {
    return this.#connection.isClosed;
  }

  /** What has arrived at the upstream. */
  get upstream(): ByteRecording {
    return this.#upstream;
  }

  /** What has arrived at the client. */
  get downstream(): ByteRecording {
    return this.#downstream;
  }

  /** The client sends data. What the filter holds comes again with the next. */
  downstreamData(data: BytesInput, { endOfStream = false }: PartOptions = {}): ConnectionStep {
    return this.#step(this.#upstream, () => this.#connection.downstreamData(inputBytes(data), endOfStream));
  }

  /** The upstream sends data. What the filter holds comes again with the next. The end of it is its closing, as in Envoy. */
  upstreamData(data: BytesInput, { endOfStream = false }: PartOptions = {}): ConnectionStep {
    return this.#step(this.#downstream, () => this.#connection.upstreamData(inputBytes(data), endOfStream));
  }

  /** The connection to the client closes: the client closes it, or the proxy does ("Local"). Default: "Remote". */
  close(by: "Local" | "Remote" = "Remote"): void {
    this.#connection.close(PeerType[by]);
  }

  #step(other: ByteRecorder, run: () => number | undefined): ConnectionStep {
    if (other.endOfStream) {
      throw new TestHostError("this side of the connection has sent its end; send data before that");
    }
    const before = other.bytes.length;
    const action = actionName(run());
    const passed = other.bytes.slice(before);
    return { action, passed, text: bytesToText(passed) };
  }
}

function actionName(action: number | undefined): ActionName | undefined {
  return action === undefined ? undefined : action === Action.Continue ? "Continue" : "Pause";
}
