import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** A program that somebody else has to install. */
export interface Tool {
  readonly program: string;
  /** How to get it, as a sentence. */
  readonly howToGet: string;
}

export interface ToolRun {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs a program to its end.
 *
 * @returns what it wrote to its standard output
 * @throws Error that says how to get the program, or what it complained about
 */
export async function runTool(tool: Tool, args: readonly string[], { cwd, env }: ToolRun = {}): Promise<string> {
  try {
    const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 1 << 26 };
    return (await promisify(execFile)(tool.program, [...args], options)).stdout;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") {
      throw new Error(`there is no ${tool.program}. ${tool.howToGet}`, { cause });
    }
    const said = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : String(cause);
    throw new Error(`${tool.program} ${args.join(" ")} failed: ${said}`, { cause });
  }
}
