/**
 * The two codecs of header lists against each other: the shim's in a built module, and the Node host's. Each reads what the other has
 * written, and of blocks that contradict themselves the module takes none that it could not read.
 *
 * FUZZ_RUNS (default 1000) and FUZZ_SEED (default 1).
 */

import { readFile } from "node:fs/promises";

import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";

import { buildOwnFilter } from "../build-filter.ts";
import { decodePairs, encodePairs } from "../host/pairs.ts";
import type { HeaderPair } from "../host/pairs.ts";
import { wasm } from "../host/wasm-api.ts";
import type { WasmFunction, WasmMemory, WasmModule } from "../host/wasm-api.ts";

const options = {
  numRuns: Number(process.env["FUZZ_RUNS"] ?? 1000),
  seed: Number(process.env["FUZZ_SEED"] ?? 1),
};

const STREAM = 2;
const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
const bytes = fc.string({ unit: byte, maxLength: 30 });
const token = fc.stringMatching(/^:?[-!#$%&'*+.^_`|~0-9A-Za-z]{1,20}$/);
const value = fc.string({ unit: byte, maxLength: 40 }).map((text) => text.replaceAll(/[\0\r\n]/g, ""));

let module: WasmModule;

beforeAll(async () => {
  await using built = await buildOwnFilter("test/fuzz/pairs-filter.ts");
  module = new wasm.Module(await readFile(built.wasm));
}, 120_000);

type Exports = Record<string, (...parameters: number[]) => number>;

interface Exchange {
  /** What the module has read; undefined: it has refused the block. */
  readonly read: HeaderPair[] | undefined;
  /** What it has written; undefined: the names or values cannot be sent. */
  readonly written: Uint8Array | undefined;
}

/** A host whose request has one header list, as a block of bytes. */
class PairHost {
  readonly #exports: Exports;
  readonly #memory: WasmMemory;
  #block = new Uint8Array();
  #read: HeaderPair[] | undefined;
  #written: Uint8Array | undefined;

  constructor() {
    const calls: Record<string, (...parameters: number[]) => void> = {
      proxy_get_header_map_pairs: (...[, at = 0, size = 0]) => {
        const pointer = this.#exports["malloc"]?.(this.#block.length) ?? 0;
        this.#bytes(pointer, this.#block.length).set(this.#block);
        const view = new DataView(this.#memory.buffer);
        view.setUint32(at, pointer, true);
        view.setUint32(size, this.#block.length, true);
      },
      proxy_set_header_map_pairs: (...[, at = 0, size = 0]) => {
        this.#written = this.#bytes(at, size).slice();
      },
      proxy_log: (level = 0, at = 0, size = 0) => {
        if (level === 2) {
          this.#read = JSON.parse(new TextDecoder().decode(this.#bytes(at, size))) as HeaderPair[];
        }
      },
    };
    const imports: Record<string, Record<string, WasmFunction>> = {};
    for (const { module: space, name } of wasm.Module.imports(module)) {
      (imports[space] ??= {})[name] = (...parameters: number[]) => {
        calls[name]?.(...parameters);
        return 0;
      };
    }
    const { exports } = new wasm.Instance(module, imports);
    this.#exports = exports as unknown as Exports;
    this.#memory = exports["memory"] as WasmMemory;
    this.#run("proxy_on_vm_start", 1, 0);
    this.#run("proxy_on_context_create", 1, 0);
    this.#run("proxy_on_configure", 1, 0);
  }

  exchange(block: Uint8Array): Exchange {
    this.#block = Uint8Array.from(block);
    this.#read = this.#written = undefined;
    this.#run("proxy_on_context_create", STREAM, 1);
    this.#run("proxy_on_request_headers", STREAM, 1, 1);
    this.#run("proxy_on_delete", STREAM);
    return { read: this.#read, written: this.#written };
  }

  #run(name: string, ...parameters: number[]): void {
    this.#exports[name]?.(...parameters);
  }

  #bytes(at: number, size: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, at, size);
  }
}

test("each reads what the other writes, byte for byte", () => {
  const host = new PairHost();
  fc.assert(
    fc.property(fc.array(fc.tuple(token, value), { minLength: 1, maxLength: 40 }), (pairs) => {
      const { read, written } = host.exchange(encodePairs(pairs));
      expect(read).toEqual(pairs);
      expect(written).toEqual(encodePairs(pairs));
    }),
    options,
  );
  expect(host.exchange(encodePairs([])).read).toEqual([]);
  expect(decodePairs(host.exchange(new Uint8Array()).written ?? Uint8Array.of(1))).toEqual([]);
});

test("names and values of any bytes are read, and not written when they could split a request", () => {
  const host = new PairHost();
  fc.assert(
    fc.property(fc.array(fc.tuple(bytes, bytes), { minLength: 1, maxLength: 10 }), (pairs) => {
      const { read, written } = host.exchange(encodePairs(pairs));
      expect(read).toEqual(pairs);
      const isFine = pairs.every(
        ([name, text]) => /^:?[-!#$%&'*+.^_`|~0-9A-Za-z]+$/.test(name) && !/[\0\r\n]/.test(text),
      );
      expect(written).toEqual(isFine ? encodePairs(pairs) : undefined);
    }),
    options,
  );
});

/** A number of a block is another, and it ends too early or too late. */
const malformed = fc
  .record({
    pairs: fc.array(fc.tuple(token, value), { maxLength: 5 }),
    at: fc.nat(60),
    number: fc.oneof(fc.nat(40), fc.constantFrom(2 ** 31, 2 ** 32 - 1, 2 ** 32 - 2, 2 ** 29)),
    keep: fc.nat(200),
    more: fc.uint8Array({ maxLength: 4 }),
  })
  .map(({ pairs, at, number, keep, more }) => {
    const block = Uint8Array.from([...encodePairs(pairs), 0, 0, 0, 0]);
    new DataView(block.buffer).setUint32(at % (block.length - 3), number, true);
    return Uint8Array.from([...block.subarray(0, keep), ...more]);
  });

test("what the Node host reads the module reads alike, and what the module reads has a block that both read", () => {
  const host = new PairHost();
  let refused = 0;
  fc.assert(
    fc.property(fc.oneof(malformed, fc.uint8Array({ maxLength: 60 })), (block) => {
      const { read, written } = host.exchange(block);
      const expected = decodePairs(block);
      if (expected !== undefined) {
        expect(read).toEqual(expected);
      }
      if (written !== undefined) {
        expect(decodePairs(written)).toEqual(read);
      }
      refused += read === undefined ? 1 : 0;
      // Whatever it was, the next list is read.
      expect(host.exchange(encodePairs([["a", "b"]])).read).toEqual([["a", "b"]]);
    }),
    options,
  );
  expect(refused).toBeGreaterThan(options.numRuns / 20);
});
