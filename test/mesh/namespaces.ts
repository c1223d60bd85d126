/** Runs a program in namespaces of its own: when it ends, the kernel ends every process that it has left. */

import { execFile, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Networks, processes and mounts. Without --kill-child the kernel would not know that this process has died. */
const NAMESPACES = ["--net", "--pid", "--mount", "--mount-proc", "--fork", "--kill-child"];

/** @throws Error that says what has to be allowed or installed */
export async function checkNamespaces(): Promise<void> {
  for (const [program, debianPackage] of [
    ["unshare", "util-linux"],
    ["setpriv", "util-linux"],
    ["mount", "mount"],
    ["ip", "iproute2"],
    ["curl", "curl"],
    ["make", "make"],
  ] as const) {
    await run(program, [program === "ip" ? "-V" : "--version"]).catch((cause: unknown) => {
      throw new Error(`there is no ${program}: install ${debianPackage} (Linux only)`, { cause });
    });
  }
  try {
    await run("unshare", [...namespaces(), "mount", "-t", "tmpfs", "tmpfs", "/var/lib"]);
  } catch (cause) {
    const said = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : String(cause);
    throw new Error(
      `cannot make namespaces: ${said}. Run it as root (in a container: with the capability SYS_ADMIN), or let ` +
        "users have namespaces (sysctl kernel.unprivileged_userns_clone=1; " +
        "on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0)",
      { cause },
    );
  }
}

function namespaces(): string[] {
  // Only in a user namespace of their own may other users have the rest.
  return process.getuid?.() === 0 ? NAMESPACES : ["--user", "--map-root-user", ...NAMESPACES];
}

/**
 * @param signal - ends all of it at once
 * @returns its exit code
 * @throws the signal's reason, when no process is left
 */
export async function runInNamespaces(
  program: string,
  args: readonly string[],
  { env, signal }: { readonly env: Readonly<Record<string, string>>; readonly signal: AbortSignal },
): Promise<number> {
  signal.throwIfAborted();
  // When this process is killed without a word, unshare is too.
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "unshare", ...namespaces(), program, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "inherit"],
    // Ctrl-C at a terminal is for this process alone.
    detached: true,
  });
  signal.addEventListener("abort", () => {
    if (child.pid !== undefined) {
      void killFirstProcess(child.pid);
    }
  });
  const code = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (status) => {
      resolve(status ?? 1);
    });
  });
  signal.throwIfAborted();
  return code;
}

/** The kernel ends all processes of the namespace with its first one, and unshare exits when none is left. */
async function killFirstProcess(unshare: number): Promise<void> {
  const children = await readFile(`/proc/${unshare}/task/${unshare}/children`, "utf8").catch(() => "");
  const first = Number.parseInt(children, 10);
  // Where the kernel does not tell a process's children, its end has the same effect, only that nobody waits for it.
  process.kill(first > 0 ? first : unshare, "SIGKILL");
}
