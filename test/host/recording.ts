import { bytesToText } from "./byte-string.ts";
import { HeaderMap } from "./header-map.ts";
import type { HttpMessage } from "./http-message.ts";
import type { HeaderPair } from "./pairs.ts";

/** A part of a message that the filter has let through. */
export type MessagePart =
  | { readonly headers: readonly HeaderPair[]; readonly endOfStream: boolean }
  | { readonly body: string; readonly bytes: Uint8Array; readonly endOfStream: boolean }
  | { readonly trailers: readonly HeaderPair[] };

/** What has arrived at one side of a stream so far. */
export interface Recording {
  /** In order. */
  readonly parts: readonly MessagePart[];
  /** Pseudo headers among them; undefined: none have arrived. */
  readonly headers: readonly HeaderPair[] | undefined;
  readonly body: Uint8Array;
  /** The body read as UTF-8. */
  readonly text: string;
  readonly trailers: readonly HeaderPair[] | undefined;
  /** The message is complete. */
  readonly endOfStream: boolean;
}

/** Keeps the parts of a message. */
export class MessageRecorder implements Recording {
  readonly parts: MessagePart[] = [];
  readonly #chunks: Uint8Array[] = [];
  #headers: HeaderMap | undefined;
  #trailers: HeaderMap | undefined;
  endOfStream = false;

  onHeaders(headers: HeaderMap, endOfStream: boolean): void {
    this.#headers = headers;
    this.endOfStream = endOfStream;
    this.parts.push({ headers: [...headers], endOfStream });
  }

  onBody(bytes: Uint8Array, endOfStream: boolean): void {
    this.#chunks.push(bytes);
    this.endOfStream = endOfStream;
    this.parts.push({ body: bytesToText(bytes), bytes, endOfStream });
  }

  onTrailers(trailers: HeaderMap): void {
    this.#trailers = trailers;
    this.endOfStream = true;
    this.parts.push({ trailers: [...trailers] });
  }

  get headers(): readonly HeaderPair[] | undefined {
    return this.#headers && [...this.#headers];
  }

  get body(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#chunks));
  }

  get text(): string {
    return bytesToText(this.body);
  }

  get trailers(): readonly HeaderPair[] | undefined {
    return this.#trailers && [...this.#trailers];
  }

  /** The whole. */
  message(): HttpMessage {
    return { headers: this.#headers ?? new HeaderMap("response"), body: this.body, trailers: this.#trailers };
  }
}
