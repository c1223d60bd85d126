import { execFile } from "node:child_process";

/** How a program ended. */
export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of Node's in a process of its own. */
export function runNode(args: readonly string[], cwd: string = process.cwd()): Promise<Outcome> {
  return run(process.execPath, args, cwd);
}

/** Runs a program to its end. Never rejects: a failure is an outcome, too. */
export function run(program: string, args: readonly string[], cwd: string): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(program, [...args], { cwd }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}
