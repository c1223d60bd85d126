import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

import { addProfile, ENGINE_MODULES, fetchSources, isUpToDate } from "./engine.ts";

/**
 * Makes the engine's modules that are missing or stale, each in a process of its own, all at once.
 *
 * @param report - is given a line for each step
 * @returns the exit status: 0 when all are there
 * @throws Error when the sources cannot be had
 */
export async function makeEngine(report: (line: string) => void): Promise<number> {
  const states = await Promise.all(
    ENGINE_MODULES.map(async (module) => ({ name: module.name, isMade: await isUpToDate(module) })),
  );
  for (const { name } of states.filter(({ isMade }) => isMade)) {
    report(`${name}.wasm: up to date`);
  }
  const stale = states.filter(({ isMade }) => !isMade).map(({ name }) => name);
  if (stale.length > 0) {
    report("Building the engine, which is done once: about two minutes on two cores");
    await fetchSources(); // once for both, and with its errors told once
    const status = Math.max(...(await Promise.all(stale.map(buildInProcess))));
    if (status !== 0) {
      return status;
    }
  }
  await addProfile(report);
  return 0;
}

/** @returns the exit status; the process has told what went wrong */
function buildInProcess(name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const execArgv = ["--import", import.meta.resolve("tsx")];
    const child = fork(fileURLToPath(new URL("main.ts", import.meta.url)), [name], { execArgv });
    child.once("error", reject);
    child.once("exit", (code) => {
      resolve(code ?? 1);
    });
  });
}

/** Runs what makes a part of the engine. @returns the exit status; an error is told */
export async function orTellError(make: () => Promise<number>): Promise<number> {
  try {
    return await make();
  } catch (error) {
    console.error(`build:engine: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}
