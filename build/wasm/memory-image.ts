import { encodeI32, encodeSection, encodeU32, Writer } from "./encode.ts";
import { readModule, SectionId } from "./module.ts";
import type { Limits, Section } from "./module.ts";
import { Reader } from "./reader.ts";
import { replaceSections } from "./rewrite.ts";

const PAGE = 65536;
const WORD = 4;

/**
 * So many zeros between two runs of data cost no more as bytes than another segment's header: mode, i32.const, offset (3 or 4
 * bytes), end and length (1 or 2).
 */
const GAP = 8;

/**
 * The same module with a memory that begins as the given image.
 *
 * @param memory - the whole memory, a multiple of the page size
 * @throws Error when the module has something that this would change the meaning of
 */
export function withMemory(module: Uint8Array, memory: Uint8Array): Uint8Array {
  const info = readModule(module);
  const limits = info.memories[0];
  if (limits === undefined) {
    throw new Error("the runtime has no memory of its own");
  }
  const segments = dataSegments(memory);
  return replaceSections(module, info, (section) => {
    switch (section.id) {
      case SectionId.Memory:
        return encodeSection(section.id, Uint8Array.from([1, ...encodeLimits(limits, memory.length / PAGE)]));
      case SectionId.Data:
        refusePassiveSegments(section);
        return encodeSection(section.id, new Writer().u32(segments.count).write(segments.bytes).bytes);
      case SectionId.DataCount:
        return encodeSection(section.id, Uint8Array.from(encodeU32(segments.count)));
      default:
        return section.bytes;
    }
  });
}

function encodeLimits(limits: Limits, minimum: number): number[] {
  const maximum = limits.maximum === undefined ? [] : encodeU32(limits.maximum);
  return [limits.flags, ...encodeU32(minimum), ...maximum];
}

interface Segments {
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** Active segments for everything that is not zero. */
function dataSegments(memory: Uint8Array): Segments {
  const segments = new Writer();
  let count = 0;
  const words = new Uint32Array(memory.buffer, memory.byteOffset, memory.length / WORD);
  const write = (start: number, end: number) => {
    segments
      .write([0, 0x41, ...encodeI32(start), 0x0b])
      .u32(end - start)
      .write(memory.subarray(start, end));
    count++;
  };
  let start = -1; // of the segment that may become longer, and where its last word that is not zero ends
  let end = -1;
  for (let word = nextNonZero(words, 0); word < words.length; word = nextNonZero(words, word + 1)) {
    const first = word * WORD + leadingZeros(words[word] ?? 0);
    if (start === -1) {
      start = first;
    } else if (first - end > GAP) {
      write(start, end);
      start = first;
    }
    end = (word + 1) * WORD - trailingZeros(words[word] ?? 0);
  }
  if (start !== -1) {
    write(start, end);
  }
  return { count, bytes: segments.bytes };
}

const ZEROS = new Uint8Array(1024);

/** Words of a block: much of a memory is empty, which is quicker to see by blocks. */
export const BLOCK = ZEROS.length / WORD;

/** @param word - where the block begins */
export function isEmptyBlock(words: Uint32Array, word: number): boolean {
  const { buffer, byteOffset, byteLength } = words.subarray(word, word + BLOCK);
  return Buffer.compare(new Uint8Array(buffer, byteOffset, byteLength), ZEROS) === 0;
}

/** The next word that is not zero, or where the words end. */
function nextNonZero(words: Uint32Array, from: number): number {
  let word = from;
  while (words[word] === 0) {
    word += word % BLOCK === 0 && isEmptyBlock(words, word) ? BLOCK : 1;
  }
  return word;
}

/** Zero bytes at the lower end of a word, in a little-endian memory. */
function leadingZeros(word: number): number {
  return (31 - Math.clz32(word & -word)) >> 3;
}

function trailingZeros(word: number): number {
  return Math.clz32(word) >> 3;
}

/** Code refers to passive segments by number. What LLVM links for one thread has none. */
function refusePassiveSegments(section: Section): void {
  const reader = new Reader(section.content);
  reader.list(() => {
    const mode = reader.u32();
    if (mode !== 0 || reader.byte() !== 0x41) {
      throw new Error("the runtime has data segments that are not simply active; a snapshot cannot replace them");
    }
    reader.skipNumber();
    reader.byte();
    reader.slice(reader.u32());
  });
}
