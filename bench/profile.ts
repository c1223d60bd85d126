/** Shows where a request's time goes in each TypeScript filter of the benchmark: `npm run bench:profile`. See README.md. */

import { Session } from "node:inspector/promises";
import type { Profiler } from "node:inspector";
import { parseArgs } from "node:util";

import { readParts } from "../build/steps/engine-module.ts";
import { TestHost } from "../test/host/index.ts";
import { FILTERS } from "./modules.ts";
import type { FilterName } from "./modules.ts";
import { total } from "./meter/guest.ts";
import { buildNamed, countPerRequest, hostOptions, sendRequests } from "./meter/run.ts";

const USAGE = `npm run bench:profile -- [options]

  --filters ${FILTERS.join(",")}
                 which filters (default: all)
  --requests N   requests that are sampled (default: 3000)
  --top N        how many functions are shown (default: 15)`;

const INTERVAL_MICROSECONDS = 100;

/** How often the sampler found each function of the module at work. */
async function sample(filter: FilterName, module: Uint8Array, requests: number): Promise<Map<string, number>> {
  await using host = await TestHost.load(module, hostOptions(filter));
  await sendRequests(host, filter, Math.ceil(requests / 10));
  const session = new Session();
  session.connect();
  try {
    await session.post("Profiler.enable");
    await session.post("Profiler.setSamplingInterval", { interval: INTERVAL_MICROSECONDS });
    await session.post("Profiler.start");
    await sendRequests(host, filter, requests);
    const { profile } = await session.post("Profiler.stop");
    return selfTimes(profile);
  } finally {
    session.disconnect();
  }
}

/** Of the module's functions; what the test host itself does, in JavaScript, is none of the filter's. */
function selfTimes({ nodes }: Profiler.Profile): Map<string, number> {
  const hits = new Map<string, number>();
  for (const { callFrame, hitCount = 0 } of nodes) {
    if (callFrame.url.startsWith("wasm://")) {
      hits.set(callFrame.functionName, (hits.get(callFrame.functionName) ?? 0) + hitCount);
    }
  }
  return hits;
}

/** Whose function it is. The SDK and the filter are bytecode: their work is in the engine's interpreter and what that calls. */
async function ownerOf(): Promise<(name: string) => string> {
  const parts = await readParts();
  const [shim, library] = [new Set(parts.shim), new Set(parts.library)];
  return (name) => (shim.has(name) ? "shim" : library.has(name) ? "library" : "engine");
}

async function profile(filter: FilterName, requests: number, top: number): Promise<void> {
  const module = await buildNamed(filter);
  const counts = await countPerRequest(filter, module);
  const hits = await sample(filter, module, requests);
  const owner = await ownerOf();
  const [allHits, allInstructions] = [total(hits), total(counts.instructions)];
  console.log(`\n## ${filter}\n`);
  console.log(`${allInstructions.toFixed(0)} wasm instructions a request, ${allHits} samples\n`);
  console.log("| function | part | time | instructions | calls |\n| --- | --- | --: | --: | --: |");
  const names = [...counts.instructions.keys()].sort((a, b) => (hits.get(b) ?? 0) - (hits.get(a) ?? 0));
  for (const name of names.slice(0, top)) {
    const time = `${((100 * (hits.get(name) ?? 0)) / allHits).toFixed(1)} %`;
    const instructions = (counts.instructions.get(name) ?? 0).toFixed(0);
    console.log(
      `| ${name} | ${owner(name)} | ${time} | ${instructions} | ${(counts.calls.get(name) ?? 0).toFixed(1)} |`,
    );
  }
  const hostCalls = [...counts.hostCalls]
    .sort((a, b) => b[1] - a[1])
    .map(([name, count]) => `${name} ${count.toFixed(1)}`);
  console.log(`\nHost calls: ${hostCalls.join(", ")}`);
}

const { values } = parseArgs({
  options: {
    filters: { type: "string", default: FILTERS.join(",") },
    requests: { type: "string", default: "3000" },
    top: { type: "string", default: "15" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(USAGE);
} else {
  const wanted = values.filters.split(",");
  const unknown = wanted.find((name) => !FILTERS.some((filter) => filter === name));
  if (unknown !== undefined) {
    throw new Error(`--filters: there is no "${unknown}"; there are ${FILTERS.join(", ")}`);
  }
  for (const filter of FILTERS.filter((name) => wanted.includes(name))) {
    await profile(filter, Number(values.requests), Number(values.top));
  }
}
