import { availableParallelism } from "node:os";

import { runTool } from "./tool.ts";
import type { Tool } from "./tool.ts";

const TASKSET: Tool = { program: "taskset", howToGet: "Install util-linux." };

const CORES = { envoy: 0, load: 1 } as const;

/** Before this process is kept on one. */
const AVAILABLE = availableParallelism();

/**
 * Keeps all threads of a process on the core of its role, so that Envoy and the load do not push each other around. Without
 * `taskset`, or with one core, the figures are noisier, and nothing else.
 */
export async function pin(pid: number, role: keyof typeof CORES): Promise<void> {
  await setCores(pid, String(CORES[role]));
}

/**
 * Does something while this process is on the load's core. It reads Envoy's log, and would take the core from Envoy's worker, and what is
 * in its caches, for each line.
 */
export async function besideLoad<T>(action: () => Promise<T>): Promise<T> {
  await pin(process.pid, "load");
  try {
    return await action();
  } finally {
    await setCores(process.pid, `0-${AVAILABLE - 1}`);
  }
}

async function setCores(pid: number, cores: string): Promise<void> {
  if (AVAILABLE > 1) {
    await runTool(TASKSET, ["-acp", cores, String(pid)]).catch(() => undefined);
  }
}
