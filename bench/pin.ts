import { availableParallelism } from "node:os";

import { runTool } from "./tool.ts";
import type { Tool } from "./tool.ts";

const TASKSET: Tool = { program: "taskset", howToGet: "Install util-linux." };

const CORES = { envoy: 0, load: 1 } as const;

/**
 * Keeps all threads of a process on the core of its role, so that Envoy and the load do not push each other around. Without
 * `taskset`, or with one core, the figures are noisier, and nothing else.
 */
export async function pin(pid: number, role: keyof typeof CORES): Promise<void> {
  if (availableParallelism() > 1) {
    await runTool(TASKSET, ["-acp", String(CORES[role]), String(pid)]).catch(() => undefined);
  }
}
