import { parseArgs } from "node:util";

import { inspect } from "../inspect/report.ts";
import { reportText } from "../inspect/report-text.ts";
import { UsageError } from "./command.ts";
import type { Command } from "./command.ts";

const HELP = `Usage: proxy-wasm-ts inspect FILE.wasm [options]

Tells what is in a Proxy-Wasm module, whoever built it: its hooks, the host calls that it imports with the ABI they belong to,
its size by part, its memory at the start, and the tools that made it.

Options:
      --json  as JSON, sizes in bytes
  -h, --help  show this

Exit status: 0 the module was read, 1 the file is no WebAssembly module, 2 wrong usage`;

const OPTIONS = { json: { type: "boolean" } } as const;

export const inspectCommand: Command = {
  help: HELP,
  run: async (args, print) => {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    const [file, ...rest] = positionals;
    if (file === undefined || rest.length > 0) {
      throw new UsageError(
        `inspect takes one module, not ${positionals.length === 0 ? "none" : positionals.join(" ")}`,
      );
    }
    const report = await inspect(file);
    print.out(values.json === true ? JSON.stringify({ file, ...report }, undefined, 2) : reportText(file, report));
  },
};
