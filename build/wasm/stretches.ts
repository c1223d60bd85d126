import { concat } from "./encode.ts";

/** Code that is stretches of a body, and what is new between them. */
export class Stretches {
  readonly #body: Uint8Array;
  readonly #parts: Uint8Array[] = [];
  /** The stretch that may become longer. */
  #start = 0;
  #end = 0;
  length = 0;

  constructor(body: Uint8Array) {
    this.#body = body;
  }

  keep(start: number, end: number): void {
    if (start !== this.#end) {
      this.#parts.push(this.#body.subarray(this.#start, this.#end));
      this.#start = start;
    }
    this.#end = end;
    this.length += end - start;
  }

  add(bytes: Uint8Array): void {
    this.#parts.push(this.#body.subarray(this.#start, this.#end), bytes);
    this.#start = this.#end;
    this.length += bytes.length;
  }

  bytes(): Uint8Array {
    return concat([...this.#parts, this.#body.subarray(this.#start, this.#end)]);
  }
}
