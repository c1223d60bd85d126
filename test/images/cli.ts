import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

import { goTool } from "../../scripts/go-tools.ts";
import type { Outcome } from "../run-node.ts";

const CLI = fileURLToPath(new URL("../../build/cli.ts", import.meta.url));

export interface CliOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Runs the command line in a process of its own, with the project's oras. */
export async function cli(args: readonly string[], { stdin = "", env = {}, cwd }: CliOptions = {}): Promise<Outcome> {
  const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), CLI, ...args], {
    cwd,
    env: { ...process.env, ORAS: await goTool("oras"), ...env },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.on("error", () => undefined); // it may end before it has read
  child.stdin.end(stdin);
  return await new Promise((resolve) => {
    child.once("close", (code) => {
      resolve({ status: code ?? -1, stdout, stderr });
    });
  });
}
