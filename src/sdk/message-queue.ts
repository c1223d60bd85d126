interface Reader {
  readonly resolve: (message: Uint8Array | undefined) => void;
  readonly reject: (error: Error) => void;
}

/** Messages on their way to whoever reads them, up to a number of bytes. @internal */
export class MessageQueue {
  readonly #maxBytes: number;
  #messages: Uint8Array[] = [];
  #bytes = 0;
  #readers: Reader[] = [];
  #end: { readonly error: Error | undefined } | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** False: there is no room for it. */
  push(message: Uint8Array): boolean {
    const reader = this.#readers.shift();
    if (reader !== undefined) {
      reader.resolve(message);
      return true;
    }
    this.#messages.push(message);
    this.#bytes += message.length;
    return this.#bytes <= this.#maxBytes;
  }

  /** After what is in it already. @param error - what reading then rejects with; undefined: it gives undefined */
  end(error: Error | undefined): void {
    this.#end = { error };
    const readers = this.#readers;
    this.#readers = [];
    for (const { resolve, reject } of readers) {
      if (error === undefined) {
        resolve(undefined);
      } else {
        reject(error);
      }
    }
  }

  clear(): void {
    this.#messages = [];
    this.#bytes = 0;
  }

  /** The next message, when it comes; undefined at the end. */
  next(): Promise<Uint8Array | undefined> {
    const message = this.#messages.shift();
    if (message !== undefined) {
      this.#bytes -= message.length;
      return Promise.resolve(message);
    }
    const end = this.#end;
    if (end !== undefined) {
      return end.error === undefined ? Promise.resolve(undefined) : Promise.reject(end.error);
    }
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
    });
  }
}
