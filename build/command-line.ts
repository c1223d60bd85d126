import { UsageError } from "./commands/command.ts";
import type { Command, Print } from "./commands/command.ts";
import { errorText, TypeCheckError } from "./errors.ts";
import { packageVersion } from "./package-files.ts";

interface ListedCommand {
  readonly name: string;
  /** In one line. */
  readonly summary: string;
  /** Only the one that runs is loaded. */
  readonly load: () => Promise<Command>;
}

const COMMANDS: readonly ListedCommand[] = [
  {
    name: "build",
    summary: "build a Proxy-Wasm module from a filter",
    load: async () => (await import("./commands/build.ts")).buildCommand,
  },
  {
    name: "dev",
    summary: "serve HTTP through a filter, and through its newest version when it is saved",
    load: async () => (await import("./commands/dev.ts")).devCommand,
  },
  {
    name: "inspect",
    summary: "tell what is in a Proxy-Wasm module",
    load: async () => (await import("./commands/inspect.ts")).inspectCommand,
  },
  {
    name: "envoy-config",
    summary: "print a complete envoy.yaml for a filter",
    load: async () => (await import("./commands/envoy-config.ts")).envoyConfigCommand,
  },
  {
    name: "image",
    summary: "pack a module into an image for a registry",
    load: async () => (await import("./commands/image.ts")).imageCommand,
  },
  {
    name: "push",
    summary: "pack a module and push it to a registry",
    load: async () => (await import("./commands/push.ts")).pushCommand,
  },
  {
    name: "manifest",
    summary: "print the YAML that brings a plugin into Istio, Envoy Gateway or Envoy",
    load: async () => (await import("./commands/manifest.ts")).manifestCommand,
  },
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
  return runCommand(await command.load(), rest, print);
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
