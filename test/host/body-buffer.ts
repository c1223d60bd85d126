import { Status } from "../../src/abi/index.ts";

/** Bytes that a filter can read with proxy_get_buffer_bytes and, if they are a body that passes through, change. */
export class BodyBuffer {
  bytes: Uint8Array;
  readonly #writable: boolean;

  constructor(bytes: Uint8Array, writable: boolean) {
    this.bytes = bytes;
    this.#writable = writable;
  }

  /** Adds at the end what the host received. */
  append(data: Uint8Array): void {
    this.bytes = Buffer.concat([this.bytes, data]);
  }

  /** Gives its bytes away. */
  drain(): Uint8Array {
    const bytes = this.bytes;
    this.bytes = new Uint8Array();
    return bytes;
  }

  /** Envoy's Buffer::copyFrom: it can put data before, after, or in place of everything, and nothing in between. */
  write(start: number, length: number, data: Uint8Array): Status {
    const whole = start === 0 && length >= this.bytes.length;
    const before = start === 0 && length === 0;
    const after = start > 0 && start >= this.bytes.length;
    if (!this.#writable || !(whole || before || after)) {
      return Status.BadArgument;
    }
    if (before) {
      this.bytes = Buffer.concat([data, this.bytes]);
    } else {
      this.bytes = after ? Buffer.concat([this.bytes, data]) : data.slice();
    }
    return Status.Ok;
  }
}

/** Envoy has most buffers at all times, empty and not to be changed. */
export function emptyBuffer(): BodyBuffer {
  return new BodyBuffer(new Uint8Array(), false);
}
