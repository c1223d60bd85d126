import { buildCommand } from "./commands/build.ts";
import { UsageError } from "./commands/command.ts";
import type { Command, Print } from "./commands/command.ts";
import { devCommand } from "./commands/dev.ts";
import { envoyConfigCommand } from "./commands/envoy-config.ts";
import { imageCommand } from "./commands/image.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { manifestCommand } from "./commands/manifest.ts";
import { pushCommand } from "./commands/push.ts";
import { errorText, TypeCheckError } from "./errors.ts";
import { packageVersion } from "./package-files.ts";

const COMMANDS: readonly Command[] = [
  buildCommand,
  devCommand,
  inspectCommand,
  envoyConfigCommand,
  imageCommand,
  pushCommand,
  manifestCommand,
];

const ExitCode = { Ok: 0, Failed: 1, Usage: 2, Types: 3 } as const;

const HELP = `Usage: proxy-wasm-ts COMMAND [options]

Commands:
${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(13)} ${summary}`).join("\n")}

Options:
  -h, --help     show this; after a command, what the command takes
  -V, --version  show the version`;

/**
 * Runs the program.
 *
 * @param args - without node and the program's own name
 * @returns the exit status
 */
export async function runCommandLine(args: readonly string[], print: Print): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined) {
    print.err(HELP);
    return ExitCode.Usage;
  }
  if (name === "-h" || name === "--help" || name === "help") {
    print.out(HELP);
    return ExitCode.Ok;
  }
  if (name === "-V" || name === "--version") {
    print.out(packageVersion());
    return ExitCode.Ok;
  }
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (command === undefined) {
    const what = name.startsWith("-") ? "option" : "command";
    print.err(`proxy-wasm-ts: unknown ${what} ${name}\n\n${HELP}`);
    return ExitCode.Usage;
  }
  return runCommand(command, rest, print);
}

async function runCommand(command: Command, args: readonly string[], print: Print): Promise<number> {
  if (args.includes("-h") || args.includes("--help")) {
    print.out(command.help);
    return ExitCode.Ok;
  }
  try {
    await command.run(args, print);
    return ExitCode.Ok;
  } catch (error) {
    if (isUsageError(error)) {
      print.err(`proxy-wasm-ts: ${error.message}\n\n${command.help}`);
      return ExitCode.Usage;
    }
    print.err(errorText(error));
    return error instanceof TypeCheckError ? ExitCode.Types : ExitCode.Failed;
  }
}

function isUsageError(error: unknown): error is Error {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return error instanceof UsageError || code.startsWith("ERR_PARSE_ARGS_");
}
