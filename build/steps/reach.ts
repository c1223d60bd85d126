import type { Graph } from "../engine/graph.ts";
import { BLOCK, isEmptyBlock } from "../wasm/memory-image.ts";

/** A snapshot's memory, and the same with every place in the table of functions higher by a constant. */
export interface Images {
  readonly memory: Uint8Array;
  readonly shifted: Uint8Array;
  readonly shift: number;
}

/** What nothing leads to, and what something does. */
export interface Reach {
  /** The names of the functions that are reached. */
  readonly functions: ReadonlySet<string>;
  /** Places in the table of functions that nothing leads to. */
  readonly deadPlaces: ReadonlySet<number>;
  /** Parts of the memory that nothing leads to. */
  readonly deadConstants: readonly { readonly offset: number; readonly length: number }[];
}

/**
 * Finds out what a program can still reach: from the exports, over calls, addresses of functions and of constants in the code, and
 * over the pointers in memory. Words of memory that differ between the two images are places in the table of functions;
 * a word that could be the address of a constant, or of an entry of a list, counts as one.
 *
 * @param roots - the functions that the host calls, as numbers of the graph
 */
export function reach(graph: Graph, roots: readonly number[], images: Images): Reach {
  return new Walk(graph, images).run(roots);
}

const WORD = 4;

class Walk {
  readonly #graph: Graph;
  readonly #words: Uint32Array;
  readonly #shifted: Uint32Array;
  readonly #shift: number;
  /** For each word of memory: 1, when it belongs to a constant. */
  readonly #constantWords: Uint8Array;
  /** The numbers of the constants by address. */
  readonly #byAddress: readonly number[];
  /** All constants lie between these. */
  readonly #lowest: number;
  readonly #highest: number;
  readonly #functions = new Set<number>();
  readonly #places = new Set<number>();
  readonly #placesOf = new Map<number, number[]>();
  readonly #constants = new Set<number>();
  /** Addresses of single entries of lists. */
  readonly #entries = new Set<number>();

  constructor(graph: Graph, { memory, shifted, shift }: Images) {
    this.#graph = graph;
    this.#words = wordsOf(memory);
    this.#shifted = wordsOf(shifted);
    this.#shift = shift;
    this.#constantWords = new Uint8Array(this.#words.length);
    for (const { offset, length } of graph.constants) {
      this.#constantWords.fill(1, Math.ceil(offset / WORD), Math.floor((offset + length) / WORD));
    }
    this.#byAddress = [...graph.constants.keys()].sort((a, b) => this.#constant(a).offset - this.#constant(b).offset);
    this.#lowest = Math.min(...graph.constants.map(({ offset }) => offset));
    this.#highest = Math.max(...graph.constants.map(({ offset, length }) => offset + length));
    graph.table.functions.forEach((number, at) => {
      this.#placesOf.set(number, [...(this.#placesOf.get(number) ?? []), graph.table.offset + at]);
    });
  }

  run(roots: readonly number[]): Reach {
    roots.forEach((number) => {
      this.#reachFunction(number);
    });
    const [words, shifted, constantWords] = [this.#words, this.#shifted, this.#constantWords];
    const [lowest, highest] = [this.#lowest, this.#highest];
    for (let word = 0; word < words.length; word++) {
      if (word % BLOCK === 0 && isEmptyBlock(words, word) && isEmptyBlock(shifted, word)) {
        word += BLOCK - 1;
        continue;
      }
      const value = words[word] ?? 0;
      // Most words are no address at all.
      if ((value !== shifted[word] || (value >= lowest && value < highest)) && constantWords[word] === 0) {
        this.#reachFromWord(word, true);
      }
    }
    const { constants, table } = this.#graph;
    const places = table.functions.flatMap((number, at) => {
      const place = table.offset + at;
      return number === -1 || this.#places.has(place) ? [] : [place];
    });
    return {
      functions: new Set([...this.#functions].map((number) => this.#graph.functions[number]?.name ?? "")),
      deadPlaces: new Set(places),
      deadConstants: constants.flatMap((_, number) => this.#unreachedParts(number)),
    };
  }

  #unreachedParts(number: number): { offset: number; length: number }[] {
    const { offset, length, entry } = this.#constant(number);
    if (this.#constants.has(number)) {
      return [];
    }
    if (entry === undefined) {
      return [{ offset, length }];
    }
    const entries = Array.from({ length: length / entry }, (_, at) => ({ offset: offset + at * entry, length: entry }));
    return entries.filter((part) => !this.#entries.has(part.offset));
  }

  #constant(number: number): Graph["constants"][number] {
    const constant = this.#graph.constants[number];
    if (constant === undefined) {
      throw new Error(`the runtime's graph has no constant ${number}`);
    }
    return constant;
  }

  #constantAt(address: number): number | undefined {
    if (address < this.#lowest || address >= this.#highest) {
      return undefined;
    }
    let [low, high] = [0, this.#byAddress.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#constant(this.#byAddress[middle] ?? -1).offset <= address) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    const number = this.#byAddress[low - 1];
    if (number === undefined) {
      return undefined;
    }
    const { offset, length } = this.#constant(number);
    return address < offset + length ? number : undefined;
  }

  #reachFunction(number: number): void {
    const node = this.#graph.functions[number];
    if (node === undefined || this.#functions.has(number)) {
      return;
    }
    this.#functions.add(number);
    node.calls.forEach((callee) => {
      this.#reachFunction(callee);
    });
    node.addresses.forEach((target) => {
      this.#reachAddress(target);
    });
    node.constants.forEach((constant) => {
      this.#reachConstant(constant);
    });
  }

  /** A function that something may call by its place in the table. */
  #reachAddress(number: number): void {
    this.#placesOf.get(number)?.forEach((place) => this.#places.add(place));
    this.#reachFunction(number);
  }

  #reachConstant(number: number): void {
    if (this.#constants.has(number)) {
      return;
    }
    this.#constants.add(number);
    const { offset, length } = this.#constant(number);
    this.#reachFromBytes(offset, length);
  }

  #reachFromBytes(offset: number, length: number): void {
    for (let word = Math.ceil(offset / WORD); (word + 1) * WORD <= offset + length; word++) {
      this.#reachFromWord(word, false);
    }
  }

  /** @param ofHeap - the word is none of a constant's: it may point to a single entry of a list */
  #reachFromWord(word: number, ofHeap: boolean): void {
    const value = this.#words[word] ?? 0;
    const difference = (this.#shifted[word] ?? 0) - value;
    if (difference === this.#shift) {
      this.#reachAddress(this.#graph.table.functions[value - this.#graph.table.offset] ?? -1);
      return;
    }
    if (difference !== 0) {
      throw new Error(
        `the word at ${word * WORD} of the snapshot is ${value} in one runtime and ${value + difference} in the other`,
      );
    }
    const number = this.#constantAt(value);
    if (number === undefined) {
      return;
    }
    const { offset, entry } = this.#constant(number);
    if (ofHeap && entry !== undefined && (value - offset) % entry === 0) {
      if (!this.#entries.has(value)) {
        this.#entries.add(value);
        this.#reachFromBytes(value, entry);
      }
    } else if (value === offset) {
      this.#reachConstant(number);
    }
  }
}

function wordsOf(memory: Uint8Array): Uint32Array {
  return new Uint32Array(memory.buffer, memory.byteOffset, Math.floor(memory.byteLength / WORD));
}
