import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

import { poll } from "./poll.ts";

/** A program that runs beside this one. It never outlives this process, unless this one is killed without a word. */
export interface Child extends AsyncDisposable {
  readonly name: string;
  /** Everything that it wrote so far, to both of its outputs. */
  output(): string;
  /** Waits until the program has written what matches. @throws Error when it ends before, or takes longer */
  waitFor(pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray>;
  /** How it ended, for example "exit code 1"; pending while it runs. */
  readonly ended: Promise<string>;
  /** Asks it to end, then makes it. */
  stop(): Promise<void>;
}

export interface ChildOptions {
  /** How messages call it. */
  readonly name: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly onOutput?: (text: string) => void;
  /** It starts programs of its own, which end when it is stopped. Ctrl-C at a terminal does not reach it, then. */
  readonly group?: boolean;
}

/** The programs that run, each with how to signal it. */
const running = new Map<ChildProcess, (signal: NodeJS.Signals) => void>();

process.once("exit", () => {
  for (const signal of running.values()) {
    signal("SIGKILL");
  }
});

const STOP_MS = 3000;

/** @throws Error when the program cannot be started */
export async function startChild(program: string, args: readonly string[], options: ChildOptions): Promise<Child> {
  const { name, env = {}, cwd, onOutput, group = false } = options;
  const child = spawn(program, [...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: group,
  });
  const signal = (kind: NodeJS.Signals) => {
    if (group && child.pid !== undefined) {
      signalGroup(child.pid, kind);
    } else {
      child.kill(kind);
    }
  };
  running.set(child, signal);
  let output = "";
  let end: string | undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      output += text;
      onOutput?.(text);
    });
  }
  const ended = new Promise<string>((resolve) => {
    // "close" and not "exit": only then has all of its output arrived.
    child.once("close", (code, killer) => {
      running.delete(child);
      end = killer === null ? `exit code ${String(code)}` : `signal ${killer}`;
      resolve(end);
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (cause) => {
      running.delete(child);
      reject(new Error(`cannot start ${name}: ${cause.message}`, { cause }));
    });
  });

  async function waitFor(pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray> {
    const match = await poll(timeoutMs, () => {
      const found = pattern.exec(output);
      if (found === null && end !== undefined) {
        throw new Error(`${name} ended with ${end}. Its output:\n${output}`);
      }
      return found ?? undefined;
    });
    if (match === undefined) {
      throw new Error(`${name} did not write ${String(pattern)} in ${timeoutMs} ms. Its output:\n${output}`);
    }
    return match;
  }

  async function stop(): Promise<void> {
    if (end !== undefined) {
      return;
    }
    signal("SIGTERM");
    const patience = new AbortController();
    const inTime = await Promise.race([
      ended.then(() => true),
      sleep(STOP_MS, false, { signal: patience.signal }).catch(() => false),
    ]);
    patience.abort();
    if (!inTime) {
      signal("SIGKILL");
      await ended;
    }
  }

  return { name, output: () => output, waitFor, ended, stop, [Symbol.asyncDispose]: stop };
}

function signalGroup(leader: number, kind: NodeJS.Signals): void {
  try {
    process.kill(-leader, kind);
  } catch (error) {
    // ESRCH: all of them have ended.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) {
      throw error;
    }
  }
}
