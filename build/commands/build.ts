import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";

import { displayPath } from "../code-frame.ts";
import { formatBytes, formatMilliseconds } from "../format.ts";
import { buildFilter } from "../pipeline.ts";
import type { BuildResult, StepReport } from "../pipeline.ts";
import { UsageError } from "./command.ts";
import type { Command, Print } from "./command.ts";

const HELP = `Usage: proxy-wasm-ts build ENTRY.ts -o OUT.wasm [options]

Builds a Proxy-Wasm module from the filter that is the default export of ENTRY.ts.

Options:
  -o, --output OUT.wasm               where the module goes; its source map goes beside it, to OUT.wasm.map
      --no-typecheck                  do not check types
      --keep-builtins                 leave in what the filter's code does not name, for computed names
      --keep-contexts                 export proxy_on_context_create and proxy_on_delete always, for hosts that call them unseen
      --debug-intermediate-files DIR  write what each step makes to DIR, numbered
  -h, --help                          show this

Exit status: 0 built, 1 the filter cannot be built, 2 wrong usage, 3 type errors`;

const OPTIONS = {
  output: { type: "string", short: "o" },
  "no-typecheck": { type: "boolean" },
  "keep-builtins": { type: "boolean" },
  "keep-contexts": { type: "boolean" },
  "debug-intermediate-files": { type: "string" },
} as const;

/**
 * What a function of the engine may do before V8 optimizes it. One build of a filter is over before that pays: it took half of the
 * processor's time. A top level that computes for long gets there.
 */
const TIERING_BUDGET = 2_000_000_000;

export const buildCommand: Command = {
  help: HELP,
  run: async (args, print) => {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    const [entry, ...rest] = positionals;
    if (entry === undefined || rest.length > 0) {
      throw new UsageError(`build takes one filter, not ${positionals.length === 0 ? "none" : positionals.join(" ")}`);
    }
    if (values.output === undefined) {
      throw new UsageError("build needs -o OUT.wasm, the file to write");
    }
    setFlagsFromString(`--wasm-tiering-budget=${TIERING_BUDGET}`);
    const result = await buildFilter({
      entry,
      outfile: values.output,
      typecheck: values["no-typecheck"] !== true,
      keepBuiltins: values["keep-builtins"],
      keepContexts: values["keep-contexts"],
      intermediateFiles: values["debug-intermediate-files"],
      onStep: (report) => {
        print.err(progressLine(report));
      },
      onLog: ({ level, message }) => {
        print.err(`  ${level.toLowerCase()} (at build time): ${message}`);
      },
    });
    printSummary(result, print);
  },
};

function progressLine({ step, milliseconds, bytes, files }: StepReport): string {
  const size = bytes === undefined ? "" : formatBytes(bytes);
  const count = files === undefined ? "" : `${files} ${files === 1 ? "file" : "files"}`;
  return `${step.padEnd(10)} ${formatMilliseconds(milliseconds).padStart(8)}  ${size}${count}`.trimEnd();
}

function printSummary({ outfile, wasm, gzipBytes, callbacks }: BuildResult, print: Print): void {
  print.out(`${displayPath(outfile)}: ${formatBytes(wasm.length)} (gzip ${formatBytes(gzipBytes)})`);
  print.out(`callbacks: ${callbacks.join(", ")}`);
}
