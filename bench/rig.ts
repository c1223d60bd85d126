import { startEnvoy } from "../test/envoy/envoy.ts";
import type { Envoy } from "../test/envoy/envoy.ts";
import { childProcesses, cpuNanoseconds } from "./cpu.ts";
import type { LoadResult } from "./load-messages.ts";
import type { Load } from "./load-process.ts";
import { CONFIGS, nameOf } from "./modules.ts";
import type { BenchModule, FilterName } from "./modules.ts";
import { pin } from "./pin.ts";

/** One slice of a measurement. */
export interface Sample {
  /** CPU time of Envoy for one request, in microseconds. */
  readonly cpuMicroseconds: number;
  readonly requestsPerSecond: number;
}

export interface Amount {
  /** Requests before the measurement. */
  readonly warmUp: number;
  readonly requests: number;
}

/**
 * Requests of one slice. So many that garbage collectors run in each, and so few that all modules meet the same moment of the
 * machine: how fast a core is changes within seconds, with what the neighbouring core and other guests of the host do.
 */
const SLICE = 2000;

interface Rig {
  readonly module: BenchModule;
  readonly envoy: Envoy;
  readonly pid: number;
  readonly samples: Sample[];
}

/**
 * Measures modules against each other: each in a fresh Envoy, and one slice of each in turn.
 *
 * @param filter - what all of them do, but for the empty one
 * @returns the samples of each module
 * @throws Error when a request was lost, or a call
 */
export async function measureRound(
  filter: FilterName,
  modules: readonly BenchModule[],
  load: Load,
  { warmUp, requests }: Amount,
): Promise<(readonly Sample[])[]> {
  const rigs: Rig[] = [];
  try {
    for (const module of modules) {
      rigs.push(await start(module, CONFIGS[filter], load));
    }
    for (const rig of rigs) {
      await run(rig, load, warmUp);
    }
    for (let done = 0, turn = 0; done < requests; done += SLICE, turn++) {
      const first = turn % rigs.length;
      for (const rig of [...rigs.slice(first), ...rigs.slice(0, first)]) {
        rig.samples.push(await run(rig, load, Math.min(SLICE, requests - done)));
      }
    }
    return rigs.map(({ samples }) => samples);
  } finally {
    await Promise.all(rigs.map(({ envoy }) => envoy[Symbol.asyncDispose]()));
  }
}

async function start(module: BenchModule, config: unknown, load: Load): Promise<Rig> {
  const others = await childProcesses("envoy");
  const envoy = await startEnvoy({
    wasm: module.wasm,
    config: module.filter === undefined ? undefined : config,
    clusters: { "back-python": load.backPython },
    upstream: load.upstream,
  });
  try {
    // The harness does not tell the process.
    const [pid] = (await childProcesses("envoy")).filter((candidate) => !others.includes(candidate));
    if (pid === undefined) {
      throw new Error(`Envoy at ${envoy.url} is not among the processes that this one has started`);
    }
    await pin(pid, "envoy");
    return { module, envoy, pid, samples: [] };
  } catch (error) {
    await envoy[Symbol.asyncDispose]();
    throw error;
  }
}

async function run({ module, envoy, pid }: Rig, load: Load, requests: number): Promise<Sample> {
  const before = await cpuNanoseconds(pid);
  const result = await load.run({ url: `${envoy.url}/jump`, requests });
  const used = (await cpuNanoseconds(pid)) - before;
  checkCounts(module, requests, result);
  return { cpuMicroseconds: used / 1000 / requests, requestsPerSecond: (requests / result.milliseconds) * 1000 };
}

/** A filter that fails does less work: what it used must not count. */
function checkCounts(module: BenchModule, count: number, { answers, upstream, calls }: LoadResult): void {
  const expectedCalls = module.filter === "call" || module.filter === "jump" ? count : 0;
  if (answers[200] !== count || upstream !== count || calls !== expectedCalls) {
    const seen = `answers by status ${JSON.stringify(answers)}, ${upstream} at the upstream, ${calls} calls`;
    throw new Error(`${nameOf(module)}: of ${count} requests came ${seen}; ${expectedCalls} calls were expected`);
  }
}
