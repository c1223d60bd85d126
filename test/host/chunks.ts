import { setImmediate as nextTurn } from "node:timers/promises";

/** A body in parts. */
export type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** A part of a body, and whether the body is known to end with it. */
export interface Chunk {
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
}

/**
 * Reads a body part by part. A proxy learns with a part that it is the last one when the end arrives together with it; here,
 * when it arrives in the same turn of the event loop. Otherwise an empty last part follows.
 */
export class ChunkReader {
  readonly #iterator: AsyncIterator<Uint8Array, unknown> | Iterator<Uint8Array, unknown>;
  #next: Promise<IteratorResult<Uint8Array, unknown>> | undefined;
  #isKnownEmpty = false;

  constructor(chunks: Chunks) {
    this.#iterator = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
  }

  /** True: nothing comes, and that is known already. */
  async isEmpty(): Promise<boolean> {
    this.#isKnownEmpty = (await this.#soon())?.done === true;
    return this.#isKnownEmpty;
  }

  /** The parts, of which exactly one is the last; none at all when the body was known to be empty. */
  async *read(): AsyncGenerator<Chunk, void> {
    for (;;) {
      const result = await this.#peek();
      if (result.done === true) {
        if (!this.#isKnownEmpty) {
          yield { bytes: new Uint8Array(), isLast: true };
        }
        return;
      }
      this.#next = undefined;
      const isLast = (await this.#soon())?.done === true;
      yield { bytes: result.value, isLast };
      if (isLast) {
        return;
      }
    }
  }

  #peek(): Promise<IteratorResult<Uint8Array, unknown>> {
    if (this.#next === undefined) {
      this.#next = Promise.resolve(this.#iterator.next());
      this.#next.catch(() => undefined); // whoever reads on is told; nobody may
    }
    return this.#next;
  }

  #soon(): Promise<IteratorResult<Uint8Array, unknown> | undefined> {
    return Promise.race([this.#peek(), nextTurn(undefined)]);
  }
}

/** @throws (rejects) what reading throws */
export async function collect(chunks: Chunks): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) {
    parts.push(chunk);
  }
  return new Uint8Array(Buffer.concat(parts));
}
