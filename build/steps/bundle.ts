import { dirname } from "node:path";

import * as esbuild from "esbuild";

import { sdkModule } from "../package-files.ts";
import { BundleMap } from "../source-map.ts";
import { SourceNames } from "../source-names.ts";
import { bundleError, VIRTUAL_ENTRY } from "./bundle-errors.ts";
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
export async function bundle(entry: string, outfile: string, options: BundleOptions = {}): Promise<Bundle> {
  let result = await runEsbuild(entry, outfile, false, options);
  if (usesEvery(output(result, outfile))) {
    result = await runEsbuild(entry, outfile, true, options);
  }
  const script = output(result, outfile);
  const mapJson = output(result, `${outfile}.map`);
  const map = new BundleMap(mapJson, dirname(outfile));
  await refuseDynamicCode(script, map);
  return { script, mapJson, map, names: new SourceNames(entry) };
}

async function runEsbuild(
  entry: string,
  outfile: string,
  withEvery: boolean,
  { forDebugger = false }: BundleOptions,
): Promise<{ outputFiles: esbuild.OutputFile[] }> {
  const folder = dirname(entry);
  try {
    return await esbuild.build({
      stdin: { contents: virtualEntry(entry, withEvery), resolveDir: folder, sourcefile: VIRTUAL_ENTRY },
      // Not the current folder, which would decide the names in comments.
      absWorkingDir: folder,
      outfile,
      write: false,
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
    });
  } catch (error) {
    throw bundleError(error, entry);
  }
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

function output(result: { outputFiles: esbuild.OutputFile[] }, path: string): string {
  const file = result.outputFiles.find((candidate) => candidate.path === path);
  if (file === undefined) {
    throw new Error(`esbuild made no ${path}`);
  }
  return file.text;
}
