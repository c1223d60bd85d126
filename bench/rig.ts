import { cpuNanoseconds } from "./cpu.ts";
import { startBenchEnvoy } from "./envoy.ts";
import type { BenchEnvoy } from "./envoy.ts";
import { CONNECTIONS } from "./load-messages.ts";
import type { LoadResult } from "./load-messages.ts";
import type { Load } from "./load-process.ts";
import { nameOf } from "./modules.ts";
import type { BenchFilter, FilterName } from "./modules.ts";
import { TRAFFIC } from "./traffic.ts";
import { turnOrders } from "./turns.ts";

/** One slice of a measurement. */
export interface Sample {
  /** CPU time of Envoy for one request, in microseconds. */
  readonly cpuMicroseconds: number;
  readonly requestsPerSecond: number;
}

/** What was measured of a variant in a round. */
export interface RoundSamples {
  readonly samples: readonly Sample[];
  /** Of each request at light load, in milliseconds. */
  readonly latencies: readonly number[];
}

export interface Amount {
  /** Requests before the measurement. */
  readonly warmUp: number;
  readonly requests: number;
  /** Requests of the measurement of latency. */
  readonly lightRequests: number;
}

/**
 * Requests of one slice. So few that all variants meet the same moment of the machine: how fast a core is changes within seconds, with
 * what the neighbouring core and other guests of the host do. With slices of 2000, the mean of the differences was known half as well.
 */
const SLICE = 250;
const LIGHT_SLICE = 50;

/**
 * Measures variants of a filter against each other: all in one fresh Envoy, each behind a listener of its own, one slice of each in
 * turn.
 *
 * @param filter - what all of them do, but for the empty one
 * @throws Error when a request was lost, or a call, or when a body is not what the filter makes of it
 */
export async function measureRound(
  filter: FilterName,
  variants: readonly BenchFilter[],
  load: Load,
  { warmUp, requests, lightRequests }: Amount,
): Promise<readonly RoundSamples[]> {
  await using envoy = await startBenchEnvoy(filter, variants, { servers: load });
  for (const variant of variants) {
    await run(envoy, filter, variant, load, warmUp, CONNECTIONS);
  }
  const samples = await inTurns(variants, requests, SLICE, async (variant, count) => {
    const before = await cpuNanoseconds(envoy.pid);
    const { milliseconds } = await run(envoy, filter, variant, load, count, CONNECTIONS);
    const used = (await cpuNanoseconds(envoy.pid)) - before;
    return [{ cpuMicroseconds: used / 1000 / count, requestsPerSecond: (count / milliseconds) * 1000 }];
  });
  const latencies = await inTurns(
    variants,
    lightRequests,
    LIGHT_SLICE,
    async (variant, count) => (await run(envoy, filter, variant, load, count, 1)).latencies,
  );
  return variants.map((_, index) => ({ samples: samples[index] ?? [], latencies: latencies[index] ?? [] }));
}

/** What was measured of each variant, in the order of the turns. */
async function inTurns<T>(
  variants: readonly BenchFilter[],
  requests: number,
  slice: number,
  measure: (variant: BenchFilter, count: number) => Promise<readonly T[]>,
): Promise<T[][]> {
  const results = variants.map((): T[] => []);
  const orders = turnOrders(variants.length);
  for (let done = 0, turn = 0; done < requests; done += slice, turn++) {
    for (const index of orders[turn % orders.length] ?? []) {
      const variant = variants[index];
      if (variant !== undefined) {
        results[index]?.push(...(await measure(variant, Math.min(slice, requests - done))));
      }
    }
  }
  return results;
}

async function run(
  envoy: BenchEnvoy,
  filter: FilterName,
  variant: BenchFilter,
  load: Load,
  requests: number,
  connections: number,
): Promise<LoadResult> {
  const result = await load.run({ origin: envoy.originOf(variant), filter, requests, connections });
  checkCounts(filter, variant, requests, result);
  return result;
}

/** A filter that fails does less work: what it used must not count. */
function checkCounts(filter: FilterName, variant: BenchFilter, count: number, result: LoadResult): void {
  const { calls, requestBody = "", responseBody, upstreamSees, clientSees } = TRAFFIC[filter];
  const works = variant.filter !== undefined;
  const expected = {
    answers: count,
    upstream: count,
    calls: works ? calls * count : 0,
    upstreamBytes: (works ? upstreamSees : requestBody).length * count,
    clientBytes: (works ? clientSees : responseBody).length * count,
  };
  const seen = {
    answers: result.answers[200] ?? 0,
    upstream: result.upstream,
    calls: result.calls,
    upstreamBytes: result.upstreamBytes,
    clientBytes: result.clientBytes,
  };
  if (JSON.stringify(seen) !== JSON.stringify(expected)) {
    throw new Error(
      `${nameOf(variant)}: of ${count} requests came ${JSON.stringify(seen)} (by status: ${JSON.stringify(result.answers)}); ` +
        `${JSON.stringify(expected)} were expected`,
    );
  }
}
