import { setImmediate as nextTurn } from "node:timers/promises";

/** A body in parts. */
export type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Whether a body is known to be empty, and the body. A proxy learns with the headers that there is none when their end arrives
 * together with them; here, in the same turn of the event loop.
 */
export async function startsEmpty(chunks: Chunks): Promise<[isEmpty: boolean, chunks: AsyncIterable<Uint8Array>]> {
  const iterator = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
  const first = Promise.resolve(iterator.next());
  first.catch(() => undefined); // whoever reads on is told; nobody may
  const soon = await Promise.race([first, nextTurn(undefined)]);
  const all = async function* () {
    for (let result = await first; result.done !== true; result = await iterator.next()) {
      yield result.value;
    }
  };
  return [soon?.done === true, all()];
}

/** @throws (rejects) what reading throws */
export async function collect(chunks: Chunks): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) {
    parts.push(chunk);
  }
  return new Uint8Array(Buffer.concat(parts));
}
