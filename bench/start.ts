import { setTimeout as sleep } from "node:timers/promises";

import { cpuNanoseconds, residentBytes } from "./cpu.ts";
import { startBenchEnvoy } from "./envoy.ts";
import type { Servers } from "./envoy.ts";
import type { BenchFilter, FilterName } from "./modules.ts";

/** What an Envoy has used until it stood still. */
export interface StartSample {
  readonly workers: number;
  readonly cpuMilliseconds: number;
  readonly residentBytes: number;
}

/** Each worker thread has a VM of its own; the first one comes with the VM of the main thread, which compiles the module. */
export const WORKERS = [1, 9] as const;

/**
 * Starts Envoy with each variant alone, and with nothing, in turn.
 *
 * @returns for each variant a sample for each number of workers
 */
export async function measureStarts(
  filter: FilterName,
  variants: readonly BenchFilter[],
  servers: Servers,
): Promise<readonly (readonly StartSample[])[]> {
  const results = variants.map((): StartSample[] => []);
  for (const workers of WORKERS) {
    for (const [index, variant] of variants.entries()) {
      results[index]?.push(await measureStart(filter, variant, servers, workers));
    }
  }
  return results;
}

async function measureStart(
  filter: FilterName,
  variant: BenchFilter,
  servers: Servers,
  workers: number,
): Promise<StartSample> {
  await using envoy = await startBenchEnvoy(filter, [variant], { servers, workers, pinned: false });
  const nanoseconds = await untilIdle(envoy.pid);
  return { workers, cpuMilliseconds: nanoseconds / 1e6, residentBytes: await residentBytes(envoy.pid) };
}

const IDLE_MS = 100;
/** What Envoy's timers use in that time is far less, and a compiler's thread far more. */
const IDLE_NANOSECONDS = 5e6;
const PATIENCE = 100;

async function untilIdle(pid: number): Promise<number> {
  let used = await cpuNanoseconds(pid);
  for (let turn = 0; turn < PATIENCE; turn++) {
    await sleep(IDLE_MS);
    const now = await cpuNanoseconds(pid);
    if (now - used < IDLE_NANOSECONDS) {
      return now;
    }
    used = now;
  }
  throw new Error(`Envoy, process ${pid}, was still busy ${(PATIENCE * IDLE_MS) / 1000} s after its start`);
}
