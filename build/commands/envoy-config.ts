import { isIP } from "node:net";
import { basename, resolve } from "node:path";
import { parseArgs } from "node:util";

import { displayPath } from "../code-frame.ts";
import { UPSTREAM } from "../envoy/bootstrap.ts";
import { envoyYaml } from "../envoy/yaml.ts";
import { CommandError } from "../errors.ts";
import { hostInterface } from "../inspect/host-interface.ts";
import type { FilterKind } from "../inspect/host-interface.ts";
import { readWasmFile } from "../inspect/read-wasm.ts";
import { readPluginConfig } from "../plugin-config.ts";
import { UsageError } from "./command.ts";
import type { Command, Print } from "./command.ts";
import { readClusters, readOrigin, readPort } from "./services.ts";

const HELP = `Usage: proxy-wasm-ts envoy-config FILTER.wasm --upstream URL [options]

Prints a complete envoy.yaml with the filter in front of the upstream. Whether it is an HTTP filter or a network filter follows from
what the module exports.

Options:
      --upstream URL       where requests go after the filter, such as http://localhost:8080
      --cluster NAME=URL   a cluster that the filter can call; for each one
      --http2 NAME         this cluster speaks HTTP/2, as gRPC does; for each one, "${UPSTREAM}" is the upstream
      --config FILE        the plugin configuration; FILE.json must be JSON, any other is passed as it is
      --root-id ID         chooses the filter in a module of several
      --name NAME          the plugin's name; default: that of the module's file
      --kind KIND          http or network, for a module that exports the hooks of both; default: http
      --fail-open          let requests pass without the filter when its module has failed; default: they are answered with 503
      --wasm-path PATH     where Envoy finds the module; default: FILTER.wasm as it is written here
      --port N             the port that Envoy listens on; default: 10000
      --host ADDRESS       the address that it listens on; default: 127.0.0.1
      --admin-port N       the port of Envoy's admin interface on 127.0.0.1; default: there is none
  -h, --help               show this

Exit status: 0 printed, 1 the module or the configuration cannot be used, 2 wrong usage`;

const OPTIONS = {
  upstream: { type: "string" },
  cluster: { type: "string", multiple: true, default: [] as string[] },
  http2: { type: "string", multiple: true, default: [] as string[] },
  config: { type: "string" },
  "root-id": { type: "string" },
  name: { type: "string" },
  kind: { type: "string" },
  "fail-open": { type: "boolean" },
  "wasm-path": { type: "string" },
  port: { type: "string", default: "10000" },
  host: { type: "string", default: "127.0.0.1" },
  "admin-port": { type: "string" },
} as const;

export const envoyConfigCommand: Command = {
  help: HELP,
  run: async (args, print) => {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    const [wasm, ...rest] = positionals;
    if (wasm === undefined || rest.length > 0) {
      const given = positionals.length === 0 ? "none" : positionals.join(" ");
      throw new UsageError(`envoy-config takes one module, not ${given}`);
    }
    if (values.upstream === undefined) {
      throw new UsageError("envoy-config needs --upstream URL, where requests go after the filter");
    }
    const clusters = readClusters(values.cluster);
    if (Object.hasOwn(clusters, UPSTREAM)) {
      throw new UsageError(`--cluster ${UPSTREAM}: that is the name of the upstream's cluster; choose another one`);
    }
    const unknown = values.http2.find((name) => name !== UPSTREAM && !Object.hasOwn(clusters, name));
    if (unknown !== undefined) {
      throw new UsageError(`--http2 ${unknown}: there is no such cluster; name it with --cluster ${unknown}=URL`);
    }
    if (isIP(values.host) === 0) {
      throw new UsageError(`--host must be an IP address, as Envoy wants it, not ${JSON.stringify(values.host)}`);
    }
    const adminPort = values["admin-port"];
    const setup = {
      clusters,
      upstream: readOrigin("--upstream", values.upstream),
      http2: values.http2,
      port: readPort("--port", values.port),
      address: values.host,
      adminPort: adminPort === undefined ? undefined : readPort("--admin-port", adminPort),
      failurePolicy: values["fail-open"] === true ? ("FAIL_OPEN" as const) : undefined,
    };
    const wanted = readKind(values.kind);
    const kind = await kindOf(wasm, wanted, print);
    const name = values.name ?? basename(wasm).replace(/\.wasm$/, "");
    const config = values.config === undefined ? undefined : await readPluginConfig(resolve(values.config));
    const rootId = values["root-id"];
    const module = values["wasm-path"] ?? wasm;
    const plugin = { wasm: module, name, vmId: name, ...(rootId === undefined ? {} : { rootId }) };
    print.out(envoyYaml({ ...setup, ...plugin, kind, ...(config === undefined ? {} : { config }) }));
  },
};

function readKind(kind: string | undefined): "http" | "network" | undefined {
  if (kind !== undefined && kind !== "http" && kind !== "network") {
    throw new UsageError(`--kind must be http or network, not ${JSON.stringify(kind)}`);
  }
  return kind;
}

/** @throws CommandError when the module is no filter of this kind */
async function kindOf(file: string, wanted: FilterKind | undefined, print: Print): Promise<"http" | "network"> {
  const { kinds, abi, problems } = hostInterface((await readWasmFile(file)).info);
  const name = displayPath(file);
  if (abi.length === 0) {
    throw new CommandError(`${name} cannot be loaded by Envoy: ${problems.join("; ")}. Name a built filter.`);
  }
  for (const problem of problems) {
    print.err(`${name}: problem: ${problem}`);
  }
  if (wanted !== undefined && !kinds.includes(wanted)) {
    throw new CommandError(`${name} is no ${wanted} filter: it has no hook of one. Leave out --kind.`);
  }
  const kind = wanted ?? kinds.find((candidate) => candidate !== "service");
  if (kind === undefined || kind === "service") {
    throw new CommandError(
      `${name} has no hook of a request or a connection, and so is no filter. Envoy loads a service like this from ` +
        "bootstrap_extensions, as envoy.bootstrap.wasm.",
    );
  }
  return kind;
}
