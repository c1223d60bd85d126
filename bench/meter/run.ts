import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { buildFilter } from "../../build/pipeline.ts";
import { TestHost } from "../../test/host/index.ts";
import type { TestHostOptions } from "../../test/host/index.ts";
import { entryOf } from "../folders.ts";
import { REQUEST_HEADERS } from "../load-messages.ts";
import { CONFIGS } from "../modules.ts";
import type { FilterName } from "../modules.ts";
import { CALL_RESPONSE, TRAFFIC } from "../traffic.ts";
import { meteredGuest, perRequest } from "./guest.ts";
import type { Counts } from "./guest.ts";
import { meter } from "./meter.ts";

/** A filter of the benchmark as it is built, with the names of its functions. */
export function buildNamed(filter: FilterName): Promise<Uint8Array> {
  return buildEntry(entryOf(filter));
}

/** A filter by its file, built with the names of its functions. */
export async function buildEntry(entry: string): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), "proxy-wasm-ts-bench-"));
  try {
    return (await buildFilter({ entry, outfile: join(folder, "filter.wasm"), typecheck: false, keepNames: true })).wasm;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
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

/** What a filter does for each of its requests, on average. */
export async function countPerRequest(filter: FilterName, module: Uint8Array, requests = 50): Promise<Counts> {
  const guest = meteredGuest(meter(module));
  await using host = await TestHost.load(guest.filter, hostOptions(filter));
  await sendRequests(host, filter, WARM_UP);
  const before = guest.counts();
  await sendRequests(host, filter, requests);
  return perRequest(before, guest.counts(), requests);
}
