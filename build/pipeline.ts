import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";

import { CALLBACKS } from "../src/abi/index.ts";
import { displayPath } from "./code-frame.ts";
import { BuildError } from "./errors.ts";
import { gzipSize } from "./gzip-size.ts";
import { IntermediateFiles, prepareOutput, writeOutput } from "./output-file.ts";
import { moveSourceMap } from "./source-map.ts";
import { bundle } from "./steps/bundle.ts";
import type { Bundle } from "./steps/bundle.ts";
import { compile } from "./steps/compile.ts";
import { loadEngine, readParts } from "./steps/engine-module.ts";
import { label } from "./steps/label.ts";
import { prune } from "./steps/prune.ts";
import { snapshot } from "./steps/snapshot.ts";
import type { BuildLog } from "./steps/snapshot.ts";
import { strip } from "./steps/strip.ts";
import { startTypeCheck } from "./steps/typecheck.ts";
import { verify } from "./steps/verify.ts";
import type { ModuleInfo } from "./wasm/module.ts";

export type StepName = "bundle" | "compile" | "snapshot" | "strip" | "verify" | "typecheck";

/** A step that is done. */
export interface StepReport {
  readonly step: StepName;
  readonly milliseconds: number;
  /** The size of what it made. */
  readonly bytes?: number;
  /** How many files were read. */
  readonly files?: number;
}

export interface BuildOptions {
  /** The filter's file. */
  readonly entry: string;
  /** Where the module goes; its source map goes beside it, as `OUTFILE.map`. */
  readonly outfile: string;
  /** Default true. */
  readonly typecheck?: boolean | undefined;
  /** Leaves in all builtins of the language, also those that the filter's code does not name. Default false. */
  readonly keepBuiltins?: boolean | undefined;
  /**
   * Leaves the callbacks of a stream's beginning and end in a module whose filter needs neither, for hosts that call them without
   * looking whether they are there, as the Go SDK's emulator does. Default false.
   */
  readonly keepContexts?: boolean | undefined;
  /** Leaves the names of functions in the module, which makes it larger: a profile shows them. Default false. */
  readonly keepNames?: boolean | undefined;
  /** Puts functions together with their only callers (build/wasm/inline-calls.ts). A profile needs them apart. Default true. */
  readonly inlineCalls?: boolean | undefined;
  /** A folder for what each step makes. */
  readonly intermediateFiles?: string | undefined;
  readonly onStep?: (report: StepReport) => void;
  /** Is given what the filter's top level logs. */
  readonly onLog?: (line: BuildLog) => void;
}

export interface BuildResult {
  readonly outfile: string;
  readonly wasm: Uint8Array;
  readonly gzipBytes: number;
  /** The callbacks of Proxy-Wasm that the module exports. */
  readonly callbacks: readonly string[];
  /** What is in the module. */
  readonly module: ModuleInfo;
}

/**
 * Builds a Proxy-Wasm module from a filter. The same sources give the same bytes.
 *
 * @throws BuildError when the filter cannot be built, TypeCheckError when its types are wrong
 *
 * @example
 * ```ts
 * const { wasm } = await buildFilter({ entry: "filter.ts", outfile: "dist/filter.wasm" });
 * ```
 */
export async function buildFilter(options: BuildOptions): Promise<BuildResult> {
  const entry = resolve(options.entry);
  const outfile = resolve(options.outfile);
  const onStep = options.onStep ?? (() => undefined);
  await checkEntry(entry);
  if (outfile === entry) {
    throw new BuildError(`cannot write ${displayPath(outfile)}: it is the filter's own file. Name another one.`);
  }
  await prepareOutput(outfile);
  const bundling = timed(
    "bundle",
    onStep,
    () => bundle(entry, outfile),
    ({ script }) => Buffer.byteLength(script),
  );
  // What follows is done while esbuild, another process, is at work.
  bundling.catch(() => undefined);
  const types = options.typecheck === false ? undefined : startTypeCheck(entry);
  try {
    await loadEngine();
    const intermediate = new IntermediateFiles(options.intermediateFiles);
    const bundled = await bundling;
    await intermediate.write("1-bundle.js", bundled.script);
    if (intermediate.folder !== undefined) {
      const beside = join(resolve(intermediate.folder), "1-bundle.js");
      await intermediate.write("1-bundle.js.map", moveSourceMap(bundled.mapJson, outfile, beside));
    }
    const wasm = await makeModule(bundled, entry, intermediate, options).catch(async (error: unknown) => {
      // A wrong type is often the reason for what went wrong at the top level, and says it better.
      await types?.done;
      throw error;
    });
    const zipped = gzipSize(wasm);
    const module = await timed("verify", onStep, () => Promise.resolve(verify(wasm, options.keepNames)));
    if (types !== undefined) {
      const { milliseconds, files } = await types.done;
      onStep({ step: "typecheck", milliseconds, files });
    }
    await writeOutput(outfile, wasm);
    await writeOutput(`${outfile}.map`, bundled.mapJson);
    const callbacks = module.exports.map(({ name }) => name).filter((name) => Object.hasOwn(CALLBACKS, name));
    return { outfile, wasm, gzipBytes: await zipped, callbacks, module };
  } finally {
    types?.cancel();
  }
}

async function makeModule(
  bundled: Bundle,
  entry: string,
  intermediate: IntermediateFiles,
  options: BuildOptions,
): Promise<Uint8Array> {
  const { onStep = () => undefined, onLog = () => undefined } = options;
  const { keepBuiltins = false, keepContexts = false, keepNames = false, inlineCalls = true } = options;
  const size = (bytes: Uint8Array) => bytes.length;
  const bytecode = await timed("compile", onStep, () => compile(bundled, entry), size);
  await intermediate.write("2-bytecode.bin", bytecode);
  const started = await timed(
    "snapshot",
    onStep,
    () =>
      snapshot(bytecode, { bundle: bundled, entry, onLog, prune: !keepBuiltins, keepContexts, findUnreachable: true }),
    ({ wasm }) => wasm.length,
  );
  await intermediate.write("3-snapshot.wasm", started.wasm);
  const pruned = prune(started.wasm, started.deadPlaces);
  const parts = await readParts();
  const strippedAndLabelled = () =>
    label(strip(pruned, started.exports, parts, inlineCalls), {
      parts,
      heapStart: started.heapStart,
      bytecode: bytecode.length,
      keepNames,
    });
  const stripped = await timed("strip", onStep, () => Promise.resolve(strippedAndLabelled()), size);
  await intermediate.write("4-stripped.wasm", stripped);
  return stripped;
}

async function timed<T>(
  step: StepName,
  onStep: (report: StepReport) => void,
  run: () => Promise<T>,
  sizeOf?: (result: T) => number,
): Promise<T> {
  const start = performance.now();
  const result = await run();
  const milliseconds = performance.now() - start;
  onStep(sizeOf === undefined ? { step, milliseconds } : { step, milliseconds, bytes: sizeOf(result) });
  return result;
}

/** @throws BuildError when there is no file that can be a filter's */
export async function checkEntry(entry: string): Promise<void> {
  const found = await stat(entry).catch(() => undefined);
  if (found?.isFile() !== true) {
    const reason = found === undefined ? "there is no such file" : "it is not a file";
    throw new BuildError(
      `cannot read ${displayPath(entry)}: ${reason}. Name the file whose default export is the filter.`,
    );
  }
}
