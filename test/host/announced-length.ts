import type { HeaderMap } from "./header-map.ts";

/** Compares a message's content-length with what passes: Envoy does not, and the two ends of the connection misunderstand each other. */
export class AnnouncedLength {
  readonly #what: string;
  readonly #warn: (message: string) => void;
  #announced: number | undefined;
  #bytes = 0;

  /** @param what - "request" or "response" */
  constructor(what: string, warn: (message: string) => void) {
    this.#what = what;
    this.#warn = warn;
  }

  /** @param hasBody - false: the length is that of a body which is not sent, such as the answer to HEAD */
  headers(headers: HeaderMap, hasBody: boolean): void {
    const length = headers.get("content-length");
    this.#announced = hasBody && length !== undefined ? Number(length) : undefined;
  }

  body(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
  }

  end(): void {
    if (this.#announced !== undefined && this.#announced !== this.#bytes) {
      this.#warn(
        `the ${this.#what} has a body of ${this.#bytes} bytes, and its content-length says ${this.#announced}: a filter that changes ` +
          `the length of a body removes content-length before the headers go on (${this.#what}Body: "rewrite" does)`,
      );
    }
  }
}
