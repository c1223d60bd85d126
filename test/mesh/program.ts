import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { startChild } from "../../scripts/child.ts";
import type { Child } from "../../scripts/child.ts";
import { poll } from "../../scripts/poll.ts";

/** The folders of one run. */
export interface Folders {
  /** What each program writes, in `NAME.log`. */
  readonly logs: string;
  /** Everything else, which nobody needs afterwards. */
  readonly state: string;
}

/** Appends to the log of a program, at once: tests in other processes read it. */
export function logWriter({ logs }: Folders, name: string): (text: string) => void {
  return (text) => {
    appendFileSync(join(logs, `${name}.log`), text);
  };
}

export interface ProgramOptions {
  readonly name: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Whether it takes requests. An error is a no. */
  readonly isReady: () => Promise<boolean>;
}

const READY_MS = 60_000;
const ASK_MS = 100;
const END_OF_LOG = 30;

/** Starts a program of the mesh and waits until it is ready. @throws Error with the end of its log when it does not get so */
export async function startProgram(
  folders: Folders,
  program: string,
  args: readonly string[],
  { name, env = {}, cwd, isReady }: ProgramOptions,
): Promise<Child> {
  const child = await startChild(program, args, { name, env, cwd, onOutput: logWriter(folders, name), group: true });
  let end: string | undefined;
  void child.ended.then((how) => {
    end = how;
  });
  const ready = await poll(READY_MS, async () => {
    if (end !== undefined) {
      return false;
    }
    if (await isReady().catch(() => false)) {
      return true;
    }
    await sleep(ASK_MS);
    return undefined;
  });
  if (ready !== true) {
    const log = endOfLog(child.output());
    await child.stop();
    const what =
      ready === false ? `ended with ${String(end)} when it was started` : `is not ready after ${READY_MS} ms`;
    throw new Error(`${name} ${what}. The end of its log:\n${log}`);
  }
  return child;
}

/** Its last lines, without those that only repeat one at another time. */
function endOfLog(log: string): string {
  const lines = new Map(
    log
      .trimEnd()
      .split("\n")
      .map((line) => [line.replace(/^\S+Z\s/, ""), line]),
  );
  return [...lines.values()].slice(-END_OF_LOG).join("\n");
}

/** Whether a GET of the URL is answered with the status. */
export async function answers(url: string, status = 200): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
  await response.arrayBuffer();
  return response.status === status;
}
