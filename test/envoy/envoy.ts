import { access } from "node:fs/promises";

import { bootstrap } from "../../build/envoy/bootstrap.ts";
import type { EnvoySetup } from "../../build/envoy/bootstrap.ts";
import { startChild } from "../../scripts/child.ts";
import type { Child } from "../../scripts/child.ts";
import { poll } from "../../scripts/poll.ts";
import { pythonTool } from "../../scripts/python-tools.ts";

/** A real Envoy with one filter, in a process of its own. */
export interface Envoy extends AsyncDisposable {
  /** Where it listens, for example `http://127.0.0.1:10000`. */
  readonly url: string;
  /** The same for each listener, by name. */
  readonly urls: ReadonlyMap<string, string>;
  /** The origin of its admin interface. */
  readonly admin: string;
  /** Its log so far. */
  logs(): string;
  /** What the filter has logged so far, each with its level: `[info] called back-python`. */
  filterLog(): string[];
  /**
   * Waits until the filter has logged what matches, because Envoy's log arrives a little later than its answers.
   *
   * @returns the lines that match
   * @throws Error when there are less than `count` in time
   */
  waitForFilterLog(pattern: RegExp, count?: number): Promise<string[]>;
  /** The value of one of its statistics, such as `wasm.envoy.wasm.runtime.v8.active`; undefined when there is none. */
  stat(name: string): Promise<number | undefined>;
}

export interface RunOptions {
  /** Is given its log as it comes. */
  readonly onLog?: (text: string) => void;
  /** How many worker threads it has; each has a VM of its own. Default: 1. */
  readonly workers?: number;
  /** The log has each call between Envoy and a module, and begins each line with the thread's id. */
  readonly trace?: boolean;
  /** What it logs of Wasm: at debug each start of a VM, and what filters log at that level. Default: "debug". */
  readonly wasmLogLevel?: "debug" | "info";
  /** How long listeners and filter chains that were replaced are kept for the requests that they have. Default: Envoy's, 600. */
  readonly drainSeconds?: number;
}

export interface EnvoyOptions extends EnvoySetup, RunOptions {}

const START_MS = 30_000;
const LOG_MS = 5000;

/**
 * Starts Envoy and waits until it takes requests.
 *
 * @throws Error with Envoy's log when it refuses the module or the configuration
 *
 * @example
 * ```ts
 * await using envoy = await startEnvoy({ wasm: "dist/filter.wasm", clusters: { auth: "http://127.0.0.1:5000" }, upstream });
 * const response = await fetch(`${envoy.url}/jump`);
 * ```
 */
export async function startEnvoy(options: EnvoyOptions): Promise<Envoy> {
  const { onLog, workers, trace, wasmLogLevel, drainSeconds, ...setup } = options;
  for (const plugin of [setup, ...(setup.filters ?? []), setup.accessLog, ...(setup.services ?? [])]) {
    if (plugin !== undefined && "wasm" in plugin) {
      await access(plugin.wasm).catch((cause: unknown) => {
        throw new Error(`there is no ${plugin.wasm}: build it first (npm run build:wasm)`, { cause });
      });
    }
  }
  return runEnvoy(bootstrap({ adminPort: 0, ...setup }), {
    ...(onLog === undefined ? {} : { onLog }),
    ...(workers === undefined ? {} : { workers }),
    ...(trace === undefined ? {} : { trace }),
    ...(wasmLogLevel === undefined ? {} : { wasmLogLevel }),
    ...(drainSeconds === undefined ? {} : { drainSeconds }),
  });
}

/**
 * Starts Envoy with any configuration that has an admin port, and waits until it takes requests.
 *
 * @throws Error with Envoy's log when it refuses the configuration
 */
export function runEnvoy(config: object, options: RunOptions = {}): Promise<Envoy> {
  return startWith(["--config-yaml", JSON.stringify(config)], options);
}

/** Starts Envoy with a configuration from a file, which has to have an admin interface. @param cwd - where Envoy is started */
export function startEnvoyFile(file: string, cwd: string): Promise<Envoy> {
  return startWith(["--config-path", file], {}, cwd);
}

/** What Envoy says about a configuration that it only checks. */
export async function validateEnvoyFile(file: string, cwd: string): Promise<string> {
  const args = ["--mode", "validate", ...programArguments({}), "--config-path", file];
  const child = await startChild(await pythonTool("envoy"), args, { name: "Envoy", cwd });
  const end = await child.ended;
  return `${child.output()}${end}`;
}

async function startWith(args: readonly string[], options: RunOptions, cwd?: string): Promise<Envoy> {
  const { onLog } = options;
  const child = await startChild(await pythonTool("envoy"), [...programArguments(options), ...args], {
    name: "Envoy",
    ...(cwd === undefined ? {} : { cwd }),
    ...(onLog === undefined ? {} : { onOutput: onLog }),
  });
  try {
    return await connect(child);
  } catch (error) {
    await child.stop();
    throw error;
  }
}

async function connect(child: Child): Promise<Envoy> {
  const admin = await ready(child);
  const filterLog = () => filterLines(child.output());
  const urls = await listenerUrls(admin);
  const [url] = urls.values();
  if (url === undefined) {
    throw new Error("Envoy has no listener");
  }
  return {
    url,
    urls,
    admin,
    logs: () => child.output(),
    filterLog,
    waitForFilterLog: async (pattern, count = 1) => {
      const lines = await poll(LOG_MS, () => {
        const found = filterLog().filter((line) => pattern.test(line));
        return found.length >= count ? found : undefined;
      });
      if (lines === undefined) {
        throw new Error(`the filter did not log ${String(pattern)} ${count} times. Envoy's log:\n${child.output()}`);
      }
      return lines;
    },
    stat: (name) => readStat(admin, name),
    [Symbol.asyncDispose]: () => child.stop(),
  };
}

function programArguments(options: RunOptions): readonly string[] {
  const { trace = false, workers = 1, wasmLogLevel = "debug", drainSeconds } = options;
  return [
    ...(drainSeconds === undefined ? [] : ["--drain-time-s", String(drainSeconds), "--drain-strategy", "immediate"]),
    "--concurrency",
    String(workers),
    "--disable-hot-restart",
    "--log-level",
    "info",
    "--component-log-level",
    // "main" lists all extensions at this level, which hides the rest.
    `wasm:${trace ? "trace" : wasmLogLevel},main:warning`,
    "--log-format",
    trace ? "[%t][%l][%n] %v" : "[%l][%n] %v",
  ];
}

/** Waits until Envoy takes requests. Returns the origin of its admin interface. */
async function ready(envoy: Child): Promise<string> {
  const [, address = ""] = await envoy.waitFor(/^(?:\[\d+\])?\[info\]\[admin\] admin address: (\S+)$/m, START_MS);
  let end: string | undefined;
  void envoy.ended.then((how) => {
    end = how;
  });
  // It answers only after the listener, and so the filter, was made.
  const isReady = await poll(START_MS, async () => {
    if (end !== undefined) {
      throw new Error(`Envoy ended with ${end} before it was ready. Its log:\n${envoy.output()}`);
    }
    const response = await fetch(`http://${address}/ready`).catch(() => undefined);
    return response?.status === 200 ? true : undefined;
  });
  if (isReady !== true) {
    throw new Error(`Envoy was not ready in ${START_MS} ms. Its log:\n${envoy.output()}`);
  }
  return `http://${address}`;
}

/** Envoy puts the plugin's name, its root id and its VM's id before what a filter logs. */
function filterLines(log: string): string[] {
  const lines = log.matchAll(/^(?:\[\d+\])?\[(\w+)\]\[wasm\] wasm log[^:\n]*: (.*)$/gm);
  return [...lines].map(([, level = "", text = ""]) => `[${level}] ${text}`);
}

interface Listeners {
  readonly listener_statuses: readonly {
    readonly name: string;
    readonly local_address: { readonly socket_address: { readonly address: string; readonly port_value: number } };
  }[];
}

/** The origin of each listener, by name. */
async function listenerUrls(admin: string): Promise<ReadonlyMap<string, string>> {
  const listeners = (await (await fetch(`${admin}/listeners?format=json`)).json()) as Listeners;
  return new Map(
    listeners.listener_statuses.map(({ name, local_address: { socket_address } }) => [
      name,
      `http://${socket_address.address}:${socket_address.port_value}`,
    ]),
  );
}

async function readStat(admin: string, name: string): Promise<number | undefined> {
  const filter = encodeURIComponent(`^${name.replaceAll(".", "\\.")}$`);
  const { stats } = (await (await fetch(`${admin}/stats?format=json&filter=${filter}`)).json()) as {
    readonly stats: readonly { readonly name?: string; readonly value?: number }[];
  };
  return stats.find((stat) => stat.name === name)?.value;
}
