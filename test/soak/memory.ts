/** How much memory the VMs and Envoy have, at moments of a run. */

import { residentBytes } from "../../bench/cpu.ts";
import type { Envoy } from "../envoy/envoy.ts";
import { readMetrics } from "./metrics.ts";

/** What a VM says of itself: see filter.ts. */
export interface VmSample {
  readonly linear: number;
  readonly heap: number;
  readonly streams: number;
  /** How often its heap has been filled. */
  readonly fillings: number;
}

export interface Sample {
  /** Requests that have been sent until then. */
  readonly requests: number;
  readonly generation: number;
  readonly residentBytes: number;
  /** VMs that Envoy has; one of them is the main thread's, and those of replaced configurations go when these have drained. */
  readonly vmCount: number;
  /** Those that have had streams. */
  readonly vms: ReadonlyMap<string, VmSample>;
}

export async function takeSample(envoy: Envoy, pid: number, requests: number, generation: number): Promise<Sample> {
  const vms = new Map<string, Record<string, number>>();
  for (const [name, value] of await readMetrics(envoy)) {
    const [, id, what] = /^soak_vm\.(\w+)\.(\w+)$/.exec(name) ?? [];
    if (id !== undefined && what !== undefined) {
      vms.set(id, { ...vms.get(id), [what]: value });
    }
  }
  return {
    requests,
    generation,
    residentBytes: await residentBytes(pid),
    vmCount: (await envoy.stat("wasm.wasm_vm_count")) ?? 0,
    vms: vms as unknown as ReadonlyMap<string, VmSample>,
  };
}
