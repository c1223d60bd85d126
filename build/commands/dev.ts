import inspector from "node:inspector";
import { parseArgs } from "node:util";

import { DevServer } from "../dev/dev-server.ts";
import { CommandError } from "../errors.ts";
import { checkEntry } from "../pipeline.ts";
import { readConfigFile } from "../plugin-config.ts";
import { UsageError } from "./command.ts";
import type { Command } from "./command.ts";
import { readClusters, readOrigin, readPort } from "./services.ts";

const HELP = `Usage: proxy-wasm-ts dev ENTRY.ts [options]

Serves HTTP through the filter that is the default export of ENTRY.ts, in the Node host. When the filter, something that it imports,
its configuration or its tsconfig.json is saved, new requests go through the new filter at once, and running ones end with the old.
A filter that cannot be built, or refuses its configuration, is told; the last one that worked goes on serving.

Options:
      --upstream URL      where requests go after the filter, such as http://localhost:8080; default: an answer that shows the request
      --cluster NAME=URL  a cluster that the filter can call; for each one
      --config FILE       the plugin configuration; FILE.json must be JSON, any other is passed as it is
      --root-id ID        chooses the filter in a module of several
      --port N            the port to listen on, 0 for a free one; default: 10000
      --host HOST         the address to listen on; default: 127.0.0.1
      --no-typecheck      do not check types after each build
      --inspect           run the filter's TypeScript straight in Node, and let a debugger attach, so that its breakpoints stop there
      --inspect-port N    the debugger's port on 127.0.0.1; default: 9229
  -h, --help              show this

Ctrl-C ends it.

Exit status: 0 ended, 1 it cannot start, 2 wrong usage`;

const OPTIONS = {
  upstream: { type: "string" },
  cluster: { type: "string", multiple: true, default: [] as string[] },
  config: { type: "string" },
  "root-id": { type: "string" },
  port: { type: "string", default: "10000" },
  host: { type: "string", default: "127.0.0.1" },
  "no-typecheck": { type: "boolean" },
  inspect: { type: "boolean" },
  "inspect-port": { type: "string" },
} as const;

export const devCommand: Command = {
  help: HELP,
  run: async (args, print) => {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    const [entry, ...rest] = positionals;
    if (entry === undefined || rest.length > 0) {
      throw new UsageError(`dev takes one filter, not ${positionals.length === 0 ? "none" : positionals.join(" ")}`);
    }
    const { upstream, config, host } = values;
    const options = {
      entry,
      config,
      host,
      upstream: upstream === undefined ? undefined : readOrigin("--upstream", upstream),
      clusters: readClusters(values.cluster),
      rootId: values["root-id"],
      port: readPort("--port", values.port),
      typecheck: values["no-typecheck"] !== true,
      mode: values.inspect === true ? ("native" as const) : ("wasm" as const),
      out: print.out,
      err: print.err,
    };
    const inspectPort = readPort("--inspect-port", values["inspect-port"] ?? "9229");
    if (values["inspect-port"] !== undefined && values.inspect !== true) {
      throw new UsageError("--inspect-port is the port of --inspect, which is not there");
    }
    await checkEntry(entry);
    if (config !== undefined) {
      await readConfigFile(config); // what is in it may be put right while the server runs
    }
    if (values.inspect === true) {
      openInspector(inspectPort);
    }
    await using server = await DevServer.start(options);
    print.out(`${server.url} -> ${entry} -> ${options.upstream ?? "an answer that shows the request"}`);
    print.out("Ctrl-C ends it.");
    await untilSignal();
  },
};

/**
 * Lets a debugger attach, as Node's own --inspect does; Node tells where.
 *
 * @throws CommandError when the port cannot be had
 */
function openInspector(port: number): void {
  inspector.open(port, "127.0.0.1");
  if (inspector.url() === undefined) {
    throw new CommandError(
      `the debugger cannot have port ${port}: another program has it. Choose another one with --inspect-port (0: a free one).`,
    );
  }
}

/** A second signal ends the process at once, as if nobody had waited for the first. */
function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.once(signal, () => {
        resolve();
      });
    }
  });
}
