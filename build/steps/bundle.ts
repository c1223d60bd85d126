import { dirname, resolve } from "node:path";

import * as esbuild from "esbuild";

import { sdkModule } from "../package-files.ts";
import { BundleMap } from "../source-map.ts";
import { SourceNames } from "../source-names.ts";
import { bundleError, inputsOfFailure, VIRTUAL_ENTRY } from "./bundle-errors.ts";
import { usesEvery } from "./context-members.ts";
import { refuseDynamicCode } from "./dynamic-code.ts";
import { packageImports } from "./package-imports.ts";

/** The filter, everything it imports and the SDK, as one script. */
export interface Bundle {
  readonly script: string;
  /** Its source map, for a file beside the output. */
  readonly mapJson: string;
  readonly map: BundleMap;
  /** What the sources are called in stacks. */
  readonly names: SourceNames;
}

export interface BundleOptions {
  /** Leaves each statement one that a debugger can stop at. Default false. */
  readonly forDebugger?: boolean;
}

/**
 * Bundles a filter with the SDK into one script that the engine can compile.
 *
 * @param entry - absolute path of the filter's file
 * @param outfile - absolute path of the module to build; sources in the source map are relative to it
 * @throws BuildError for mistakes in the filter's sources, imports that cannot be found, and code made from strings
 */
export async function bundle(entry: string, outfile: string, options?: BundleOptions): Promise<Bundle> {
  await using bundler = new Bundler(entry, outfile, options);
  return await bundler.bundle();
}

/** Bundles a filter again and again, and reads only what has changed. See {@link bundle}. */
export class Bundler implements AsyncDisposable {
  readonly #entry: string;
  readonly #outfile: string;
  readonly #options: BundleOptions;
  readonly #contexts = new Map<boolean, Promise<Context>>();
  #inputs: BundleInputs;

  constructor(entry: string, outfile: string, options: BundleOptions = {}) {
    this.#entry = entry;
    this.#outfile = outfile;
    this.#options = options;
    this.#inputs = { files: [entry], missing: [] };
  }

  /** What the last bundle, or the attempt, has read and looked for. */
  get inputs(): BundleInputs {
    return this.#inputs;
  }

  /** @throws BuildError */
  async bundle(): Promise<Bundle> {
    const outfile = this.#outfile;
    let result = await this.#run(false);
    if (usesEvery(output(result, outfile))) {
      result = await this.#run(true);
    }
    this.#inputs = { files: this.#filesOf(result), missing: [] };
    const script = output(result, outfile);
    const mapJson = output(result, `${outfile}.map`);
    const map = new BundleMap(mapJson, dirname(outfile));
    await refuseDynamicCode(script, map);
    return { script, mapJson, map, names: new SourceNames(this.#entry) };
  }

  async #run(withEvery: boolean): Promise<esbuild.BuildResult<Options>> {
    const options = () => optionsOf(this.#entry, this.#outfile, withEvery, this.#options);
    const context = this.#contexts.get(withEvery) ?? esbuild.context(options());
    this.#contexts.set(withEvery, context);
    try {
      return await (await context).rebuild();
    } catch (error) {
      const { files, missing } = inputsOfFailure(error, this.#entry);
      // What the last bundle has read stays of interest: the mistake may be in how the rest is imported.
      this.#inputs = { files: [...new Set([...this.#inputs.files, ...files])], missing };
      throw bundleError(error, this.#entry);
    }
  }

  #filesOf({ metafile }: esbuild.BuildResult<Options>): string[] {
    const names = Object.keys(metafile.inputs).filter((name) => name !== VIRTUAL_ENTRY);
    return names.map((name) => resolve(dirname(this.#entry), name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const context of this.#contexts.values()) {
      await (await context).dispose();
    }
  }
}

/** The files that a bundle is made of. */
export interface BundleInputs {
  readonly files: readonly string[];
  /** Files that were imported and are not there. */
  readonly missing: readonly string[];
}

type Options = ReturnType<typeof optionsOf>;
type Context = esbuild.BuildContext<Options>;

function optionsOf(entry: string, outfile: string, withEvery: boolean, { forDebugger = false }: BundleOptions) {
  const folder = dirname(entry);
  return {
    stdin: { contents: virtualEntry(entry, withEvery), resolveDir: folder, sourcefile: VIRTUAL_ENTRY },
    // Not the current folder, which would decide the names in comments.
    absWorkingDir: folder,
    outfile,
    write: false,
    metafile: true,
    bundle: true,
    format: "iife",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["module"],
    // QuickJS-NG 0.17; of what is newer, it has the regular expressions' flag v.
    target: "es2023",
    supported: { "regexp-set-notation": true },
    // Globals that the engine lacks; what the code does not use is left out.
    inject: [sdkModule("globals")],
    define: { "process.env.NODE_ENV": '"production"', global: "globalThis" },
    // Names stay for stacks, lines for reading a stack against the intermediate file; neither is in the module.
    minifySyntax: !forDebugger,
    // Modules are strict; a script has to say so.
    banner: { js: '"use strict";' },
    sourcemap: "external",
    legalComments: "none",
    charset: "utf8",
    logLevel: "silent",
    plugins: [packageImports],
  } satisfies esbuild.BuildOptions;
}

/** The SDK first: it has to be complete when the filter's top level runs. */
function virtualEntry(entry: string, withEvery: boolean): string {
  return [
    `import { start } from ${JSON.stringify(sdkModule("dispatcher"))};`,
    withEvery ? `import { every } from ${JSON.stringify(sdkModule("timers"))};` : "",
    `import filter from ${JSON.stringify(entry)};`,
    `start({ default: filter }, { ${withEvery ? "every" : ""} });`,
  ].join("\n");
}

function output(result: { readonly outputFiles: readonly esbuild.OutputFile[] }, path: string): string {
  const file = result.outputFiles.find((candidate) => candidate.path === path);
  if (file === undefined) {
    throw new Error(`esbuild made no ${path}`);
  }
  return file.text;
}
