import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { startChild } from "../scripts/child.ts";
import type { Child } from "../scripts/child.ts";

const run = promisify(execFile);

const DEMO = fileURLToPath(new URL(".", import.meta.url));
const CACHE = fileURLToPath(new URL("../.cache/demo/", import.meta.url));
const START_MS = 10_000;

/** One of the two services behind the proxy, in a process of its own. */
export interface Service extends Child {
  /** Its origin, for example `http://127.0.0.1:5000`. */
  readonly url: string;
}

/** Where a service listens, and who is given its log as it comes. */
export interface ServiceOptions {
  readonly host: string;
  readonly port: number;
  readonly onOutput?: (text: string) => void;
}

/** A fixed port belongs to the user; the demo takes a free one. */
const ANY_PORT: ServiceOptions = { host: "127.0.0.1", port: 0 };

export async function startBackPython(options = ANY_PORT): Promise<Service> {
  await need("python3", ["--version"], "Install Python 3.");
  return startService("back-python", "python3", ["-u", join(DEMO, "back-python", "app.py")], options);
}

/** The real program, compiled first, or the same in Node. @param next - the origin of back-python */
export async function startBackGolang(next: string, compile: boolean, options = ANY_PORT): Promise<Service> {
  if (!compile) {
    const standIn = join(DEMO, "back-golang", "stand-in.ts");
    return startService("back-golang", process.execPath, [...process.execArgv, standIn], options, { NEXT: next });
  }
  return startService("back-golang", await buildBackGolang(), [], options, { NEXT: next });
}

/** Compiles the real program, which takes a minute when Go has never compiled its own libraries. @returns its path */
export async function buildBackGolang(): Promise<string> {
  await need("go", ["version"], "Install Go 1.21 or newer, or run the demo without --envoy: it needs no Go then.");
  const program = join(CACHE, "back-golang");
  await mkdir(CACHE, { recursive: true });
  await run("go", ["build", "-o", program, "."], { cwd: join(DEMO, "back-golang") });
  return program;
}

async function startService(
  name: string,
  program: string,
  args: readonly string[],
  { host, port: wanted, ...rest }: ServiceOptions,
  env: Readonly<Record<string, string>> = {},
): Promise<Service> {
  const child = await startChild(program, args, {
    name,
    env: { ...env, HOST: host, PORT: String(wanted) },
    ...rest,
  });
  try {
    const [, port = ""] = await child.waitFor(/listens on port (\d+)/, START_MS);
    return { ...child, url: `http://${host}:${port}` };
  } catch (error) {
    await child.stop();
    throw error;
  }
}

async function need(program: string, args: readonly string[], hint: string): Promise<void> {
  try {
    await run(program, [...args]);
  } catch (cause) {
    throw new Error(`the demo needs ${program}, and it cannot be run here. ${hint}`, { cause });
  }
}
