import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { buildFilter } from "../../build/pipeline.ts";
import { bundle } from "../../build/steps/bundle.ts";
import { compile } from "../../build/steps/compile.ts";
import { snapshot } from "../../build/steps/snapshot.ts";
import { keepExports } from "../../build/wasm/exports.ts";
import { TestHost } from "../../test/host/index.ts";
import type { TestHostOptions } from "../../test/host/index.ts";
import { entryOf } from "../folders.ts";
import { REQUEST_HEADERS } from "../load-messages.ts";
import { CONFIGS } from "../modules.ts";
import type { FilterName } from "../modules.ts";
import { CALL_RESPONSE, TRAFFIC } from "../traffic.ts";
import { meterBranches } from "./branches.ts";
import type { MeteredBranch } from "./branches.ts";
import { meteredGuest, openGuest, perRequest } from "./guest.ts";
import type { Counts } from "./guest.ts";
import { meter } from "./meter.ts";

/** A filter of the benchmark as it is built, with the names of its functions. */
export function buildNamed(filter: FilterName): Promise<Uint8Array> {
  return buildEntry(entryOf(filter));
}

/**
 * A filter by its file, built with the names of its functions.
 *
 * @param options - whether functions are put together with their only callers, as they are in a module that is deployed
 */
export async function buildEntry(entry: string, { inlineCalls = true } = {}): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), "proxy-wasm-ts-bench-"));
  try {
    const outfile = join(folder, "filter.wasm");
    return (await buildFilter({ entry, outfile, typecheck: false, keepNames: true, inlineCalls })).wasm;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A filter by its file with all of the runtime's code, in which each function is as the engine's build made it. */
export async function buildWhole(entry: string): Promise<Uint8Array> {
  const bundled = await bundle(entry, `${entry}.wasm`);
  const options = { bundle: bundled, entry, onLog: () => undefined, prune: true, findUnreachable: false };
  const { wasm, exports } = await snapshot(await compile(bundled, entry), options);
  return keepExports(wasm, exports);
}

/** The test host with the servers of the benchmark. */
export function hostOptions(filter: FilterName): TestHostOptions {
  const { responseBody } = TRAFFIC[filter];
  return {
    config: CONFIGS[filter],
    clusters: { "back-python": () => new Response(CALL_RESPONSE) },
    upstream: () => new Response(responseBody),
  };
}

/** Sends requests of the benchmark, one after the other. @throws Error when one is not answered as it has to be */
export async function sendRequests(host: TestHost, filter: FilterName, count: number): Promise<void> {
  const { method, path, requestBody, clientSees } = TRAFFIC[filter];
  for (let done = 0; done < count; done++) {
    const body = requestBody === undefined ? {} : { body: requestBody };
    const response = await host.fetch(`http://back-golang${path}`, { method, headers: REQUEST_HEADERS, ...body });
    const text = await response.text();
    if (response.status !== 200 || text !== clientSees) {
      throw new Error(`the ${filter} filter answered ${response.status} with ${text.length} bytes in the test host`);
    }
  }
}

const WARM_UP = 20;

const REQUESTS = 50;

/** What a filter does for each of its requests, on average. */
export async function countPerRequest(filter: FilterName, module: Uint8Array): Promise<Counts> {
  const guest = meteredGuest(meter(module));
  await using host = await TestHost.load(guest.filter, hostOptions(filter));
  await sendRequests(host, filter, WARM_UP);
  const before = guest.counts();
  await sendRequests(host, filter, REQUESTS);
  return perRequest(before, guest.counts(), REQUESTS);
}

/** How often a branch was taken, of all times; undefined for one that was not reached. */
export type Shares = ReadonlyMap<MeteredBranch, number | undefined>;

/** Where a filter's branches go in its requests. */
export async function countBranches(filter: FilterName, module: Uint8Array): Promise<Shares> {
  const { bytes, branches } = meterBranches(module);
  const guest = openGuest(bytes);
  await using host = await TestHost.load(guest.filter, hostOptions(filter));
  await sendRequests(host, filter, WARM_UP);
  const read = () => branches.map(({ taken, passed }) => [guest.read(taken), guest.read(passed)] as const);
  const before = read();
  await sendRequests(host, filter, REQUESTS);
  const after = read();
  return new Map(
    branches.map((branch, at) => {
      const [taken = 0, passed = 0] = [0, 1].map((way) => (after[at]?.[way] ?? 0) - (before[at]?.[way] ?? 0));
      return [branch, taken + passed === 0 ? undefined : taken / (taken + passed)];
    }),
  );
}
