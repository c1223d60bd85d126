import { spawn } from "node:child_process";
import { isAbsolute, resolve } from "node:path";
import { stripVTControlCharacters } from "node:util";

import { TypeCheckError } from "../errors.ts";
import { isOfSdk } from "../package-files.ts";
import { writeConfiguration } from "./typecheck-config.ts";

/** What a check that found nothing has to say. */
export interface TypeCheckResult {
  /** How many files were checked, beside declarations. */
  readonly files: number;
  readonly milliseconds: number;
}

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
 * Starts to check a filter's types, as `tsc --noEmit` would with the tsconfig.json nearest to it, or strictly without one.
 *
 * @param entry - absolute path of the filter's file
 */
export function startTypeCheck(entry: string): TypeCheck {
  const cancelled = new AbortController();
  const done = check(entry, cancelled.signal);
  // Whoever waits for it gets the error; a build that fails earlier does not wait.
  done.catch(() => undefined);
  return {
    done,
    cancel: () => {
      cancelled.abort();
    },
  };
}

async function check(entry: string, cancelled: AbortSignal): Promise<TypeCheckResult> {
  const start = performance.now();
  const compiler = await findCompiler();
  const configuration = await writeConfiguration(entry, compiler);
  try {
    const args = ["--project", configuration.file, "--pretty", "--listFiles"];
    const { errors, files } = readOutput(await run(compiler, args, cancelled));
    if (errors.length > 0) {
      const count = errors.length === 1 ? "1 type error" : `${errors.length} type errors`;
      throw new TypeCheckError(`${errors.join("\n\n")}\n\n${count}`, "--no-typecheck builds without this check");
    }
    return { files, milliseconds: performance.now() - start };
  } finally {
    await configuration.remove();
  }
}

/** TypeScript's own way to the program for this machine; the command `tsc` would start a Node for that. */
async function findCompiler(): Promise<string> {
  const module: unknown = await import(
    new URL("./lib/getExePath.js", import.meta.resolve("typescript/package.json")).href
  );
  return (module as { default: () => string }).default();
}

async function run(program: string, args: readonly string[], cancelled: AbortSignal): Promise<string> {
  const ended = (how: string) => `the type check ended without a result (${how})`;
  if (cancelled.aborted) {
    throw new TypeCheckEnded(ended("before it began"));
  }
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  const cancel = () => child.kill();
  cancelled.addEventListener("abort", cancel);
  let output = "";
  let complaints = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
  try {
    return await new Promise<string>((done, reject) => {
      child.once("error", (cause) => {
        reject(new Error("the type check could not run", { cause }));
      });
      child.once("close", (code, signal) => {
        if (signal !== null) {
          reject(ASKS_TO_END.has(signal) ? new TypeCheckEnded(ended(signal)) : new Error(ended(signal)));
          return;
        }
        const text = stripVTControlCharacters(output);
        if (code === 0 || ERROR.test(text)) {
          done(text);
        } else {
          reject(new Error(`${ended(`exit status ${code ?? "unknown"}`)}\n${text}${complaints}`.trimEnd()));
        }
      });
    });
  } finally {
    cancelled.removeEventListener("abort", cancel);
  }
}

/** The first line of an error, and the file in it. */
const ERROR = /^(?:(?<file>.+?):\d+:\d+ - )?error TS(?<code>\d+): /m;
const BEFORE_ERROR = /^(?=(?:.+?:\d+:\d+ - )?error TS\d+: )/m;
/** What comes after the errors: their number, or the files that were read. */
const REST = /^(?:Found \d+ errors?\b|(?:\/|[A-Za-z]:[\\/])(?!.*:\d+:\d+ - error TS))/m;

/** TS18003: a project that lists no files; the filter's is known. */
const NO_INPUTS = "18003";

/** The errors, each as `tsc --pretty` shows it, and how many files were checked. */
function readOutput(output: string): { errors: readonly string[]; files: number } {
  const rest = REST.exec(output)?.index ?? output.length;
  const errors = output
    .slice(0, rest)
    .split(BEFORE_ERROR)
    .map((text) => text.trimEnd())
    .filter((text) => text !== "" && isOurs(ERROR.exec(text)?.groups));
  const files = output
    .slice(rest)
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => isAbsolute(line) && !/\.d\.[cm]?ts$/.test(line) && !isOfSdk(resolve(line)));
  return { errors, files: files.length };
}

/** The SDK in a checkout is TypeScript, written for other options than the filter's; it is checked with the package. */
function isOurs({ file, code }: Readonly<Record<string, string | undefined>> = {}): boolean {
  return code !== NO_INPUTS && !(file !== undefined && isOfSdk(resolve(file)));
}
