import { receivedRequest } from "../host/client-request.ts";
import type { HostedPlugin, Recording, StreamHandle } from "../host/index.ts";
import { shownPairs } from "./http-server.ts";
import { Inbox, unlessGivenUp } from "./inbox.ts";
import type { Framing, Pairs, RequestHead, ResponseHead } from "./scenario.ts";
import { wireHeaders } from "./wire.ts";

/** Where streams are opened. */
export type Opener = Pick<HostedPlugin, "openStream" | "connect">;

const NO_REQUEST = ["skipped: the upstream has no request"];
const NOT_ANSWERING = ["skipped: the upstream is not answering"];

/** A stream of the Node host, driven as the codec of HTTP/1.1 drives Envoy's filters: the end of a body comes after its last part. */
export class NodeStream {
  readonly #handle: StreamHandle;
  readonly #requestBody: BodyFraming;
  #responseBody: BodyFraming | undefined;
  #isAnswered = false;
  #upstreamLeft = false;
  #clientLeft = false;
  #saidReset = false;
  #saidUpstreamReset = false;
  readonly #atUpstream: WireView;
  readonly #atClient: WireView;

  constructor(plugin: Opener, head: RequestHead) {
    this.#handle = plugin.openStream();
    this.#atUpstream = new WireView(this.#handle.upstream, [":method", ":path"]);
    this.#atClient = new WireView(this.#handle.downstream, [":status"]);
    this.#requestBody = new BodyFraming(head.framing);
    const { headers } = receivedRequest({
      method: head.method,
      authority: "shop",
      path: head.path,
      headers: [...head.headers, ...framingHeader(head.framing)],
      body: new Uint8Array(),
    });
    this.#handle.requestHeaders(headers, { endOfStream: this.#requestBody.isEnd });
  }

  requestData(data: string): void {
    this.#handle.requestBody(data);
    if (this.#requestBody.add(Buffer.byteLength(data))) {
      this.#handle.requestBody("", { endOfStream: true });
    }
  }

  requestEnd(trailers: Pairs | undefined): void {
    if (trailers === undefined) {
      this.#handle.requestBody("", { endOfStream: true });
    } else {
      this.#handle.requestTrailers(trailers);
    }
  }

  leave(): void {
    this.#clientLeft = true;
    this.#handle.reset();
  }

  /** The upstream has the request, and may still answer. */
  get #isOpen(): boolean {
    const { upstream, isUpstreamReset } = this.#handle;
    return upstream.headers !== undefined && !isUpstreamReset && !this.#upstreamLeft && !this.#isAnswered;
  }

  response({ status, headers, framing }: ResponseHead): readonly string[] {
    if (!this.#isOpen || this.#responseBody !== undefined) {
      return NO_REQUEST;
    }
    this.#responseBody = new BodyFraming(framing);
    this.#isAnswered = this.#responseBody.isEnd;
    const all = [[":status", String(status)] as const, ...headers, ...framingHeader(framing)];
    this.#handle.responseHeaders(all, { endOfStream: this.#isAnswered });
    return [];
  }

  responseData(data: string): readonly string[] {
    if (!this.#isOpen || this.#responseBody === undefined) {
      return NOT_ANSWERING;
    }
    const isLast = this.#responseBody.add(Buffer.byteLength(data));
    this.#isAnswered = isLast;
    this.#handle.responseBody(data);
    if (isLast) {
      this.#handle.responseBody("", { endOfStream: true });
    }
    return [];
  }

  responseEnd(trailers: Pairs | undefined): readonly string[] {
    if (!this.#isOpen || this.#responseBody === undefined) {
      return NOT_ANSWERING;
    }
    this.#isAnswered = true;
    if (trailers === undefined) {
      this.#handle.responseBody("", { endOfStream: true });
    } else {
      this.#handle.responseTrailers(trailers);
    }
    return [];
  }

  upstreamLeaves(): readonly string[] {
    if (!this.#isOpen) {
      return NO_REQUEST;
    }
    this.#upstreamLeft = true;
    this.#handle.responseReset();
    return [];
  }

  /** What has arrived at the upstream and at the client since the last look. */
  arrived(): { readonly upstream: readonly string[]; readonly client: readonly string[] } {
    const { isUpstreamReset, resetReason } = this.#handle;
    const isNew = this.#atUpstream.isNew;
    const upstream = this.#atUpstream.take();
    const client = this.#atClient.take();
    if (isUpstreamReset && !this.#isAnswered && !this.#upstreamLeft && !this.#saidUpstreamReset) {
      this.#saidUpstreamReset = true;
      upstream.push("reset");
    }
    if (resetReason !== undefined && !this.#clientLeft && !this.#saidReset) {
      this.#saidReset = true;
      client.push("reset");
    }
    return { upstream: unlessGivenUp(upstream, isNew), client };
  }

  close(): void {
    this.#handle.close();
  }
}

/** Counts a body up to its end. */
class BodyFraming {
  #left: number | undefined;

  constructor(framing: Framing) {
    this.#left = framing === "none" ? 0 : framing === "chunked" ? undefined : framing.length;
  }

  get isEnd(): boolean {
    return this.#left === 0;
  }

  /** True: it ends with these bytes. */
  add(bytes: number): boolean {
    if (this.#left !== undefined) {
      this.#left -= bytes;
    }
    return this.isEnd;
  }
}

function framingHeader(framing: Framing): Pairs {
  if (framing === "chunked") {
    return [["transfer-encoding", "chunked"]];
  }
  return framing === "none" ? [] : [["content-length", String(framing.length)]];
}

/** What passed the filter, as a receiver of HTTP/1.1 sees it: with a content-length it knows the end, and gets no trailers. */
class WireView {
  readonly #recording: Recording;
  readonly #first: readonly string[];
  #seen = 0;
  #left: number | undefined;
  #isOver = false;

  /** @param first - the headers of the first line */
  constructor(recording: Recording, first: readonly string[]) {
    this.#recording = recording;
    this.#first = first;
  }

  /** Nothing was taken yet. */
  get isNew(): boolean {
    return this.#seen === 0;
  }

  /** What has arrived since the last look. */
  take(): string[] {
    const inbox = new Inbox();
    const { parts } = this.#recording;
    for (const part of parts.slice(this.#seen)) {
      if ("headers" in part) {
        const value = (wanted: string) => part.headers.find(([name]) => name === wanted)?.[1];
        const length = value("content-length");
        this.#left = length === undefined ? undefined : Number(length);
        inbox.say(`${this.#first.map(value).join(" ")} ${wireHeaders(part.headers)}`);
      } else if ("bytes" in part) {
        inbox.data(part.bytes);
        this.#left = this.#left === undefined ? undefined : this.#left - part.bytes.length;
      }
      const isEnd = "trailers" in part || part.endOfStream || this.#left === 0;
      if (isEnd && !this.#isOver) {
        this.#isOver = true;
        const hasTrailers = "trailers" in part && part.trailers.length > 0 && this.#left === undefined;
        inbox.say(hasTrailers ? `trailers ${shownPairs(part.trailers)}` : "end");
      }
    }
    this.#seen = parts.length;
    return inbox.take();
  }
}
