import { runCommandLine } from "../build/command-line.ts";
import type { Outcome } from "./run-node.ts";

/** Runs a command of the command line in this process, which is much faster than one of its own. */
export async function runCommand(args: readonly string[]): Promise<Outcome> {
  const out: string[] = [];
  const err: string[] = [];
  const status = await runCommandLine(args, {
    out: (text) => out.push(`${text}\n`),
    err: (text) => err.push(`${text}\n`),
  });
  return { status, stdout: out.join(""), stderr: err.join("") };
}
