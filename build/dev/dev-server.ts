import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, resolve } from "node:path";

import { TestHostError } from "../../test/host/index.ts";
import { displayPath } from "../code-frame.ts";
import { CommandError, errorText } from "../errors.ts";
import { formatMilliseconds } from "../format.ts";
import { readPluginConfig } from "../plugin-config.ts";
import { BackgroundCheck } from "./background-check.ts";
import { echo } from "./echo.ts";
import { Generation } from "./generation.ts";
import { findProjectSettings } from "./project-settings.ts";
import { Rebuilder } from "./rebuild.ts";
import { requestLine } from "./request-line.ts";
import { Watcher } from "./watcher.ts";

export interface DevOptions {
  /** The filter's file. */
  readonly entry: string;
  /** The upstream's origin; undefined: an answer that shows the request. */
  readonly upstream: string | undefined;
  /** The origins of the clusters that the filter can call, by name. */
  readonly clusters: Readonly<Record<string, string>>;
  /** The file of the plugin configuration. */
  readonly config: string | undefined;
  readonly rootId: string | undefined;
  readonly port: number;
  readonly host: string;
  /** "native": the filter's TypeScript straight in Node, for a debugger. */
  readonly mode: "wasm" | "native";
  /** Whether types are checked after each build. */
  readonly typecheck: boolean;
  /** Is given what happens, line by line. */
  readonly out: (text: string) => void;
  /** Is given what is wrong. */
  readonly err: (text: string) => void;
}

/** An HTTP server that runs a filter, and the filter's newest version from the moment that it is saved. */
export class DevServer implements AsyncDisposable {
  readonly #options: DevOptions;
  readonly #server: Server;
  readonly #rebuilder: Rebuilder;
  readonly #check: BackgroundCheck | undefined;
  readonly #watcher: Watcher;
  readonly #generations = new Set<Generation>();
  #current: Generation | undefined;
  /** Why there is no current one. */
  #mistake = "";
  #updating: Promise<void> | undefined;
  #isOutdated = false;
  #isClosed = false;

  private constructor(options: DevOptions, server: Server) {
    const entry = resolve(options.entry);
    this.#options = options;
    this.#server = server;
    this.#rebuilder = new Rebuilder(entry, options.mode);
    this.#check = options.typecheck ? new BackgroundCheck(entry, options.err) : undefined;
    this.#watcher = new Watcher((files) => {
      this.#update(files);
    });
    server.on("request", (request, response) => {
      void this.#serve(request, response);
    });
  }

  /**
   * Starts to serve. A filter that cannot be built, or refuses its configuration, is told, and waits to be put right.
   *
   * @throws CommandError when the address cannot be listened on
   */
  static async start(options: DevOptions): Promise<DevServer> {
    const server = createServer();
    await listen(server, options);
    const dev = new DevServer(options, server);
    dev.#update([]);
    await dev.#updating;
    return dev;
  }

  /** For example `http://127.0.0.1:10000`. */
  get url(): string {
    const { family, address, port } = this.#server.address() as AddressInfo;
    return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
  }

  /** @param files - what has changed; none at the start */
  #update(files: readonly string[]): void {
    this.#isOutdated = true;
    if (this.#isClosed) {
      return;
    }
    this.#updating ??= this.#run(files).finally(() => {
      this.#updating = undefined;
    });
  }

  /** Until the newest sources have been tried. */
  async #run(files: readonly string[]): Promise<void> {
    let changed = files;
    while (this.#isOutdated && !this.#isClosed) {
      this.#isOutdated = false;
      await this.#tryNewest(changed);
      changed = [];
    }
  }

  async #tryNewest(files: readonly string[]): Promise<void> {
    const { out, err, entry } = this.#options;
    const [began, start] = [Date.now(), performance.now()];
    this.#check?.stop();
    try {
      const next = await this.#makeGeneration();
      this.#replace(next);
      const why = files.length === 0 ? "" : ` (${files.map(displayPath).join(", ")} changed)`;
      out(`${displayPath(resolve(entry))} serves after ${formatMilliseconds(performance.now() - start)}${why}`);
      this.#check?.start();
    } catch (error) {
      this.#mistake = error instanceof TestHostError ? error.message : errorText(error);
      const isServing = this.#current !== undefined;
      err(`${this.#mistake}\n${isServing ? "The last filter that worked goes on serving." : "Waiting for a change."}`);
    }
    this.#watchInputs(began);
  }

  #replace(next: Generation): void {
    const former = this.#current;
    this.#current = next;
    this.#generations.add(next);
    void former?.retire().then(() => this.#generations.delete(former));
  }

  async #makeGeneration(): Promise<Generation> {
    const { config, clusters, upstream = echo, rootId } = this.#options;
    const text = config === undefined ? undefined : await readPluginConfig(resolve(config));
    const filter = await this.#rebuilder.build(({ level, message }) => {
      this.#options.out(`[${level.toLowerCase()}] (top level) ${message}`);
    });
    // A filter that does not start has its log in the error.
    const early: string[] = [];
    let print = (line: string): void => {
      early.push(line);
    };
    const generation = await Generation.start(filter, {
      ...(text === undefined ? {} : { config: text }),
      ...(rootId === undefined ? {} : { rootId }),
      clusters,
      upstream,
      onLog: ({ level, message }) => {
        print(`[${level}] ${message}`);
      },
    });
    print = this.#options.out;
    early.forEach(print);
    return generation;
  }

  #watchInputs(since: number): void {
    const { entry, config } = this.#options;
    const { files, missing } = this.#rebuilder.inputs;
    const own = files.filter((file) => !file.includes("/node_modules/"));
    const settings = findProjectSettings(dirname(resolve(entry)));
    this.#watcher.watch(
      {
        files: [resolve(entry), ...own, ...settings.files, ...(config === undefined ? [] : [resolve(config)])],
        missing: [...missing, ...settings.missing],
      },
      since,
    );
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { out, upstream = "" } = this.#options;
    if (this.#current === undefined) {
      await this.#updating;
    }
    if (this.#current === undefined) {
      response.writeHead(503, { "content-type": "text/plain; charset=utf-8" });
      response.end(`The filter does not run.\n\n${this.#mistake}\n`);
      out(`${request.method ?? ""} ${request.url ?? ""} 503, the filter does not run`);
      return;
    }
    const summary = await this.#current.serve(request, response);
    out(requestLine(summary, `the upstream ${upstream}`));
  }

  /** Ends everything, requests that are under way included. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#watcher.close();
    this.#check?.stop();
    await this.#updating;
    const closed = new Promise((done) => this.#server.close(done));
    this.#server.closeAllConnections();
    await Promise.all([...this.#generations].map((generation) => generation.close()));
    await closed;
    await this.#rebuilder[Symbol.asyncDispose]();
  }
}

async function listen(server: Server, { port, host }: DevOptions): Promise<void> {
  await new Promise<void>((done, fail) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const reasons: Readonly<Record<string, string>> = {
        EADDRINUSE: "another program has it. End that one, or choose another port with --port (0: a free one).",
        EACCES: "it takes special rights. Choose a port above 1023 with --port.",
        EADDRNOTAVAIL: "this machine has no such address. Name one that it has with --host.",
        ENOTFOUND: "there is no such host. Name one of this machine with --host.",
      };
      const reason = reasons[cause.code ?? ""] ?? `${cause.message}. Choose another one with --port or --host.`;
      fail(new CommandError(`cannot listen on ${host}, port ${port}: ${reason}`, { cause }));
    });
    server.listen(port, host, done);
  });
}
