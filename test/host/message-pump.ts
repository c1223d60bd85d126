import { startsEmpty } from "./chunks.ts";
import type { Direction } from "./direction.ts";
import type { HeaderMap } from "./header-map.ts";
import type { StreamedMessage } from "./http-message.ts";

/** Where a message goes: one direction of a stream. */
export interface MessageInlet {
  readonly direction: Direction;
  readonly headers: (headers: HeaderMap, endOfStream: boolean) => void;
  readonly body: (chunk: Uint8Array, endOfStream: boolean) => void;
  readonly trailers: (trailers: HeaderMap) => void;
}

/**
 * Sends a message into a stream, no faster than it is read there; without the rest of the body when nothing of it passes any more.
 * As Envoy's codec for HTTP/1.1 does, it tells the end of a body by itself, with an empty part.
 *
 * @param isOver - whether nothing is wanted any more, before its headers
 */
export async function pumpMessage(
  { headers, chunks, trailers }: StreamedMessage,
  inlet: MessageInlet,
  isOver: () => boolean = () => false,
): Promise<void> {
  const { direction } = inlet;
  const [isEmpty, body] = await startsEmpty(chunks);
  if (isOver()) {
    return;
  }
  const isHeadersOnly = isEmpty && trailers() === undefined;
  inlet.headers(headers, isHeadersOnly);
  for await (const bytes of body) {
    for (const piece of inPieces(bytes, direction.bufferLimit)) {
      if (direction.aborted) {
        return;
      }
      inlet.body(piece, false);
      await direction.watermark.readable();
    }
  }
  const end = trailers();
  if (end !== undefined) {
    inlet.trailers(end);
  } else if (!isHeadersOnly) {
    inlet.body(new Uint8Array(), true);
  }
}

/** What arrives at once is never more than the limit. */
function inPieces(bytes: Uint8Array, size: number): Uint8Array[] {
  if (bytes.length <= size) {
    return [bytes];
  }
  const count = Math.ceil(bytes.length / size);
  return Array.from({ length: count }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
}
