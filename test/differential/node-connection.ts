import type { ByteRecording, ConnectionHandle, HostedPlugin } from "../host/index.ts";
import { Inbox } from "./inbox.ts";

/** A connection of the Node host. */
export class NodeConnection {
  readonly #handle: ConnectionHandle;
  readonly #upstream: ByteView;
  readonly #client: ByteView;
  #clientLeft = false;

  constructor(plugin: Pick<HostedPlugin, "connect">) {
    this.#handle = plugin.connect();
    this.#upstream = new ByteView(this.#handle.upstream);
    this.#client = new ByteView(this.#handle.downstream);
  }

  clientSends(data: string): void {
    this.#handle.downstreamData(data);
  }

  clientEnds(): void {
    this.#handle.downstreamData("", { endOfStream: true });
  }

  clientCloses(): void {
    this.#clientLeft = true;
    this.#handle.close();
  }

  upstreamSends(data: string): boolean {
    this.#handle.upstreamData(data);
    return !this.#handle.isClosed;
  }

  upstreamEnds(): boolean {
    const isOpen = !this.#handle.isClosed;
    this.#handle.upstreamData("", { endOfStream: true });
    return isOpen;
  }

  /** What has arrived at the upstream and at the client since the last look. */
  arrived(): { readonly upstream: readonly string[]; readonly client: readonly string[] } {
    const { isClosed } = this.#handle;
    return { upstream: this.#upstream.take(isClosed), client: this.#client.take(isClosed && !this.#clientLeft) };
  }

  close(): void {
    if (!this.#clientLeft) {
      this.#handle.close();
    }
  }
}

class ByteView {
  readonly #recording: ByteRecording;
  #seen = 0;
  #isEndSeen = false;

  constructor(recording: ByteRecording) {
    this.#recording = recording;
  }

  take(isClosed: boolean): string[] {
    const inbox = new Inbox();
    const { bytes, endOfStream } = this.#recording;
    inbox.data(bytes.subarray(this.#seen));
    this.#seen = bytes.length;
    if ((endOfStream || isClosed) && !this.#isEndSeen) {
      this.#isEndSeen = true;
      inbox.say("end");
    }
    return inbox.take();
  }
}
