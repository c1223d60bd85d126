/**
 * What a filter costs an Envoy before and between requests: CPU time until it is ready, and memory, by the number of workers. Each worker has
 * a VM of its own, and there is one more from which these are made.
 *
 *     npx tsx bench/sizing.ts [FILTER.wasm]
 */

import { readFile } from "node:fs/promises";

import { bootstrap } from "../build/envoy/bootstrap.ts";
import { runEnvoy } from "../test/envoy/envoy.ts";
import type { Envoy } from "../test/envoy/envoy.ts";
import { startUpstream } from "../test/envoy/upstream.ts";

const WORKERS = [1, 2, 4, 8];
const ROUNDS = 3;
const REQUESTS = 4000;
const CONNECTIONS = 64;

interface Sample {
  /** Of the process until it was ready. */
  readonly cpuMs: number;
  /** MiB that are this process's alone, when it is ready. */
  readonly ready: number;
  /** The same after requests to all workers. */
  readonly used: number;
}

/** @param wasm - undefined: no filter */
async function measure(wasm: string | undefined, workers: number): Promise<Sample> {
  await using upstream = await startUpstream((_request, response) => void response.end("hello"));
  const setup = { wasm: wasm ?? "", config: { cluster: "upstream" }, upstream: upstream.url, adminPort: 0 };
  const config = bootstrap(setup);
  await using envoy = await runEnvoy(wasm === undefined ? withoutFilter(config) : config, { workers });
  const pid = await pidOf(envoy);
  const cpuMs = await cpuTime(pid);
  const ready = await privateMemory(pid);
  await requests(envoy.url);
  return { cpuMs, ready, used: await privateMemory(pid) };
}

function withoutFilter(config: object): object {
  return JSON.parse(JSON.stringify(config), (_key, value: unknown) =>
    Array.isArray(value)
      ? value.filter((item) => (item as { name?: unknown } | null)?.name !== "envoy.filters.http.wasm")
      : value,
  ) as object;
}

async function pidOf(envoy: Envoy): Promise<number> {
  const { port } = new URL(envoy.admin);
  const children = await readFile(`/proc/self/task/${process.pid}/children`, "utf8");
  for (const pid of children.trim().split(" ")) {
    if ((await readFile(`/proc/${pid}/cmdline`, "utf8")).includes("envoy")) {
      return Number(pid);
    }
  }
  throw new Error(`no process of this one is the Envoy of port ${port}`);
}

async function cpuTime(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).replace(/^.*\) /, "").split(" ");
  // Clock ticks of 10 ms: proc(5), utime and stime.
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function privateMemory(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
  const kib = [...text.matchAll(/^Private_\w+: +(\d+) kB$/gm)].reduce((sum, [, size]) => sum + Number(size), 0);
  return kib / 1024;
}

/** Many connections, so that each worker has some. */
async function requests(url: string): Promise<void> {
  for (let sent = 0; sent < REQUESTS; sent += CONNECTIONS) {
    await Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        const response = await fetch(`${url}/jump`);
        if (response.status !== 200) {
          throw new Error(`Envoy answered ${response.status}`);
        }
        await response.text();
      }),
    );
  }
}

/** The least of a few rounds: other programs make it more, and nothing makes it less. */
async function least(wasm: string | undefined, workers: number): Promise<Sample> {
  const samples: Sample[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    samples.push(await measure(wasm, workers));
  }
  const of = (pick: (sample: Sample) => number) => Math.min(...samples.map(pick));
  return { cpuMs: of(({ cpuMs }) => cpuMs), ready: of(({ ready }) => ready), used: of(({ used }) => used) };
}

const [, , wasm = "dist/filter.wasm"] = process.argv;
console.log(
  `| workers | start, ms of CPU: without | with ${wasm} | MiB when ready: without | with | after requests: without | with |`,
);
console.log("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
for (const workers of WORKERS) {
  const [without, filter] = [await least(undefined, workers), await least(wasm, workers)];
  const cells = [workers, without.cpuMs, filter.cpuMs, without.ready, filter.ready, without.used, filter.used];
  console.log(`| ${cells.map((cell) => cell.toFixed(cell >= 100 || cell === workers ? 0 : 1)).join(" | ")} |`);
}
