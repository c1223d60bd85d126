import { dirname, join } from "node:path";

import type { BundleMap } from "../source-map.ts";
import { Bundler } from "../steps/bundle.ts";
import type { BundleInputs } from "../steps/bundle.ts";
import { compile } from "../steps/compile.ts";
import { readPrunable } from "../steps/engine-module.ts";
import { prune, wordsOf } from "../steps/prune.ts";
import { snapshot } from "../steps/snapshot.ts";
import type { BuildLog } from "../steps/snapshot.ts";
import { keepExports } from "../wasm/exports.ts";

/** A module for the Node host. */
export interface Rebuilt {
  readonly wasm: Uint8Array;
  /** The names of what it exports. */
  readonly exports: readonly string[];
  /** Finds what is in the stacks that the filter logs. */
  readonly map: BundleMap;
}

/**
 * Builds a filter again and again, quickly: what did not change is not read again, the engine is loaded once, and code that nothing
 * reaches stays in. What a filter can do is the same as in a module of `buildFilter`.
 */
export class Rebuilder implements AsyncDisposable {
  readonly #entry: string;
  readonly #bundler: Bundler;

  /** @param entry - absolute path of the filter's file */
  constructor(entry: string) {
    this.#entry = entry;
    // Nothing is written there.
    this.#bundler = new Bundler(entry, join(dirname(entry), "filter.wasm"));
  }

  /** What the last build, or the attempt, has read and looked for. */
  get inputs(): BundleInputs {
    return this.#bundler.inputs;
  }

  /**
   * @param onLog - is given what the filter's top level logs
   * @throws BuildError when the filter cannot be built
   */
  async build(onLog: (line: BuildLog) => void): Promise<Rebuilt> {
    const entry = this.#entry;
    const bundled = await this.#bundler.bundle();
    const { map, script } = bundled;
    const bytecode = await compile(bundled, entry);
    const prunable = await readPrunable();
    const words = wordsOf(script, prunable.names);
    const { wasm, exports, liveFunctions } = await snapshot(bytecode, { map, entry, onLog, words });
    return { wasm: keepExports(prune(wasm, prunable.places, liveFunctions), exports), exports, map };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#bundler[Symbol.asyncDispose]();
  }
}
