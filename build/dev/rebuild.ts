import { CompiledFilter } from "../../test/host/module.ts";
import type { FilterSource, Mode } from "../../test/host/module.ts";
import { nativeBundleName } from "../../test/host/native/bundle-name.ts";
import { NativeModule } from "../../test/host/native/module.ts";
import { kindsOf } from "../inspect/host-interface.ts";
import { CommandError } from "../errors.ts";
import { Bundler } from "../steps/bundle.ts";
import type { Bundle, BundleInputs } from "../steps/bundle.ts";
import { compile } from "../steps/compile.ts";
import { snapshot } from "../steps/snapshot.ts";
import type { BuildLog } from "../steps/snapshot.ts";
import { keepExports } from "../wasm/exports.ts";

/**
 * Builds a filter again and again, quickly: what did not change is not read again, the engine is loaded once, and code that nothing
 * reaches stays in. What a filter can do is the same as in a module of `buildFilter`.
 */
export class Rebuilder implements AsyncDisposable {
  readonly #entry: string;
  readonly #mode: Mode;
  /** Nothing is written there: it is the bundle's name in debuggers, and source maps are relative to it. */
  readonly #file: string;
  readonly #bundler: Bundler;

  /** @param entry - absolute path of the filter's file */
  constructor(entry: string, mode: Mode) {
    this.#entry = entry;
    this.#mode = mode;
    this.#file = nativeBundleName(entry);
    this.#bundler = new Bundler(entry, this.#file, { forDebugger: mode === "native" });
  }

  /** What the last build, or the attempt, has read and looked for. */
  get inputs(): BundleInputs {
    return this.#bundler.inputs;
  }

  /**
   * @param onLog - is given what the filter's top level logs
   * @throws CommandError when the filter cannot be built, or is none for HTTP
   */
  async build(onLog: (line: BuildLog) => void): Promise<FilterSource> {
    const bundled = await this.#bundler.bundle();
    if (this.#mode === "native") {
      return new CompiledFilter(await NativeModule.fromBundle(this.#entry, this.#file, bundled));
    }
    return this.#makeModule(bundled, onLog);
  }

  async #makeModule(bundled: Bundle, onLog: (line: BuildLog) => void): Promise<Uint8Array> {
    const entry = this.#entry;
    const bytecode = await compile(bundled, entry);
    const options = { bundle: bundled, entry, onLog, prune: true, findUnreachable: false };
    const { wasm, exports } = await snapshot(bytecode, options);
    if (kindsOf(exports).every((kind) => kind === "network")) {
      throw new CommandError(
        "this is a network filter, and dev serves HTTP. Test it with connect() of proxy-wasm-ts/testing.",
      );
    }
    return keepExports(wasm, exports);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#bundler[Symbol.asyncDispose]();
  }
}
