/**
 * Makes engine/compiler.wasm and engine/runtime.wasm: `npm run build:engine`. Needs Python 3 with pip, once, for the source.
 *
 * Each module is built in a process of its own, both at once: `main.ts NAME` is that process.
 */

import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

import { buildModule, ENGINE_MODULES, fetchSources, isUpToDate, addProfile } from "./engine.ts";

async function main(): Promise<void> {
  const [name] = process.argv.slice(2);
  if (name !== undefined) {
    await Promise.all(
      ENGINE_MODULES.filter((module) => module.name === name).map((module) => buildModule(module, print)),
    );
    return;
  }
  const stale = [];
  for (const module of ENGINE_MODULES) {
    if (await isUpToDate(module)) {
      print(`${module.name}.wasm: up to date`);
    } else {
      stale.push(module.name);
    }
  }
  if (stale.length > 0) {
    print("Building the engine, which is done once: about two minutes on two cores");
    await fetchSources(); // once for both, and with its errors told once
    process.exitCode = Math.max(...(await Promise.all(stale.map(buildInProcess))));
  }
  if ((process.exitCode ?? 0) === 0) {
    await addProfile(print);
  }
}

/** @returns the exit status; the process has told what went wrong */
function buildInProcess(name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [name]);
    child.once("error", reject);
    child.once("exit", (code) => {
      resolve(code ?? 1);
    });
  });
}

function print(line: string): void {
  console.log(line);
}

try {
  await main();
} catch (error) {
  console.error(`build:engine: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
