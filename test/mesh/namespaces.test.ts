import { randomInt } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { poll } from "../../scripts/poll.ts";
import { runInNamespaces } from "./namespaces.ts";

/** A command line that no other process has. */
const SLEEP = ["sleep", `1000000.${randomInt(1e9)}`];
/** Starts a process that outlives it, and waits. */
const LEAVES_ONE = `
  require("node:child_process").spawn("sleep", [${JSON.stringify(SLEEP[1])}], { detached: true, stdio: "ignore" }).unref();
  setTimeout(() => process.exit(7), Number(process.env.LIFE_MS));
`;

test("a program's exit code is told, and what it has left is ended", async () => {
  const { signal } = new AbortController();
  const code = await runInNamespaces(process.execPath, ["-e", LEAVES_ONE], { env: { LIFE_MS: "200" }, signal });
  expect(code).toBe(7);
  expect(await isThere(SLEEP)).toBe(false);
});

test("when it is told to end, everything has ended afterwards", async () => {
  const stop = new AbortController();
  const outcome = runInNamespaces(process.execPath, ["-e", LEAVES_ONE], {
    env: { LIFE_MS: "1000000" },
    signal: stop.signal,
  });
  expect(await poll(10_000, async () => (await isThere(SLEEP)) || undefined)).toBe(true);
  stop.abort(new Error("enough"));
  await expect(outcome).rejects.toThrow("enough");
  expect(await isThere(SLEEP)).toBe(false);
});

async function isThere(command: readonly string[]): Promise<boolean> {
  const processes = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(
    processes.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "gone meanwhile")),
  );
  return commands.includes(`${command.join("\0")}\0`);
}
