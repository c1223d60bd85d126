import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

import type { LoadOrder, LoadReport, LoadResult } from "./load-messages.ts";
import { pin } from "./pin.ts";

/** The process that sends requests and answers them; see load.ts. */
export interface Load extends AsyncDisposable {
  /** Origins of its servers. */
  readonly upstream: string;
  readonly backPython: string;
  /** Sends exactly so many requests, and waits for all answers. */
  run(order: LoadOrder): Promise<LoadResult>;
}

/** Starts the load process. It ends with this one at the latest. */
export async function startLoad(): Promise<Load> {
  const child = fork(fileURLToPath(new URL("load.ts", import.meta.url)), {
    execArgv: ["--import", import.meta.resolve("tsx")],
  });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => {
      resolve();
    });
  });
  const stop = async () => {
    child.kill();
    await ended;
  };
  const first = await nextReport(child);
  if (child.pid !== undefined) {
    await pin(child.pid, "load");
  }
  if (first.kind !== "ready") {
    throw new Error(`the load process began with "${first.kind}" and not with "ready"`);
  }
  return {
    upstream: first.upstream,
    backPython: first.backPython,
    run: async (order) => {
      child.send(order);
      const answer = await nextReport(child);
      if (answer.kind !== "done") {
        throw new Error(`the load process answered an order with "${answer.kind}"`);
      }
      return answer.result;
    },
    [Symbol.asyncDispose]: stop,
  };
}

function nextReport(child: ChildProcess): Promise<LoadReport> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: unknown) => {
      child.off("exit", onExit);
      resolve(message as LoadReport);
    };
    const onExit = (code: number | null, signal: string | null) => {
      child.off("message", onMessage);
      reject(new Error(`the load process ended (${signal ?? `exit status ${String(code)}`}); its messages are above`));
    };
    child.once("message", onMessage);
    child.once("exit", onExit);
  });
}
