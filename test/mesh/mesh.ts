/** The mesh as a test sees it. */

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { get } from "node:http";
import type { Agent, IncomingHttpHeaders, IncomingMessage } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";

import { inject } from "vitest";

import { poll } from "../../scripts/poll.ts";
import { kubectl } from "./kubernetes.ts";

const run = promisify(execFile);

export type Party = "access" | "back-golang" | "back-python" | "gateway" | "istiod";

const LOG_MS = 30_000;

/** The log of a program from one moment on. */
export class Log {
  readonly #file: string;
  readonly #name: Party;
  #begin = 0;

  private constructor(name: Party) {
    this.#name = name;
    this.#file = join(inject("mesh").logs, `${name}.log`);
  }

  /** The log from now on. */
  static async follow(name: Party): Promise<Log> {
    const log = new Log(name);
    log.#begin = (await log.text()).length;
    return log;
  }

  async text(): Promise<string> {
    return (await readFile(this.#file, "utf8")).slice(this.#begin);
  }

  /** Waits for a line with a text. @returns the line @throws Error with the log, when there is none in time */
  async waitFor(part: string | RegExp): Promise<string> {
    const isIt = (line: string) => (typeof part === "string" ? line.includes(part) : part.test(line));
    const line = await poll(LOG_MS, async () => (await this.text()).split("\n").find(isIt));
    if (line === undefined) {
      throw new Error(`${this.#name} did not log ${String(part)} in ${LOG_MS} ms, but:\n${await this.text()}`);
    }
    return line;
  }
}

/** kubectl in the project's folder, as a user would type it. @throws Error with what it said, when it fails */
export function runKubectl(...args: string[]): Promise<string> {
  return kubectl(inject("mesh").kubeconfig, args);
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/**
 * GET /jump through the gateway.
 *
 * @param agent - keeps connections. Without one, each request has its own: as long as a listener drains, its connections go
 * through the plugin that it had.
 */
export async function request(agent?: Agent): Promise<Answer> {
  const options = { agent: agent ?? false, signal: AbortSignal.timeout(10_000) };
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${inject("mesh").gateway}/jump`, options, resolve).once("error", reject);
  });
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body: await text(incoming) };
}

/** @returns what `curl` prints, without its progress */
export async function curl(...args: string[]): Promise<string> {
  const { stdout } = await run("curl", ["--silent", "--show-error", ...args]);
  return stdout;
}

/** Sends requests until one is answered as wanted. @returns that answer @throws Error with the last one, when none is in time */
export async function requestUntil(
  isWanted: (answer: Answer) => boolean | Promise<boolean>,
  what: string,
): Promise<Answer> {
  let last: Answer | undefined;
  const found = await poll(LOG_MS, async () => {
    last = await request();
    return (await isWanted(last)) ? last : undefined;
  });
  if (found === undefined) {
    throw new Error(`no answer was ${what} in ${LOG_MS} ms; the last one was ${JSON.stringify(last)}`);
  }
  return found;
}
