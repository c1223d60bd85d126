import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

import { TypeCheckError } from "../errors.ts";
import { runsFromSource } from "../package-files.ts";
import { rememberedCheck } from "./typecheck-memory.ts";
import type { TypeCheckResult } from "./typecheck-process.ts";

/** A type check that runs in a process of its own while the filter is built. */
export interface TypeCheck {
  /**
   * Settles when the check is done.
   *
   * @throws TypeCheckError with the diagnostics; TypeCheckEnded
   */
  readonly done: Promise<TypeCheckResult>;
  /** Ends the check when nobody needs its outcome any more. */
  readonly cancel: () => void;
}

/** Somebody ended the check: a terminal's Ctrl-C goes to it as well, and may come to it first. */
export class TypeCheckEnded extends Error {
  override readonly name = "TypeCheckEnded";
}

const ASKS_TO_END: ReadonlySet<NodeJS.Signals> = new Set(["SIGINT", "SIGTERM", "SIGHUP"]);

/**
 * Starts to check a filter's types, as `tsc --noEmit` would with the tsconfig.json nearest to it, or strictly without one. When they
 * were right the last time, and no file has changed since, they still are.
 *
 * @param entry - absolute path of the filter's file
 */
export function startTypeCheck(entry: string): TypeCheck {
  const start = performance.now();
  const files = rememberedCheck(entry);
  if (files !== undefined) {
    const result = { errors: 0, text: "", files, milliseconds: performance.now() - start };
    return { done: Promise.resolve(result), cancel: () => undefined };
  }
  const file = fileURLToPath(new URL(`./typecheck-process.${runsFromSource ? "ts" : "js"}`, import.meta.url));
  const execArgv = runsFromSource ? ["--import", import.meta.resolve("tsx")] : [];
  const child = fork(file, [entry], { execArgv });
  const done = outcome(child);
  // Whoever waits for it gets the error; a build that fails earlier does not wait.
  done.catch(() => undefined);
  return {
    done,
    cancel: () => {
      child.kill();
    },
  };
}

async function outcome(child: ChildProcess): Promise<TypeCheckResult> {
  const result = await new Promise<TypeCheckResult>((resolve, reject) => {
    child.once("message", (message) => {
      resolve(message as TypeCheckResult);
    });
    child.once("error", (cause) => {
      reject(new Error("the type check could not run", { cause }));
    });
    child.once("exit", (code, signal) => {
      const message = `the type check ended without a result (${signal ?? `exit status ${code ?? "unknown"}`})`;
      const isAsked = signal !== null && ASKS_TO_END.has(signal);
      reject(isAsked ? new TypeCheckEnded(message) : new Error(message));
    });
  });
  if (result.errors > 0) {
    const count = result.errors === 1 ? "1 type error" : `${result.errors} type errors`;
    throw new TypeCheckError(`${result.text.trimEnd()}\n\n${count}`, "--no-typecheck builds without this check");
  }
  return result;
}
