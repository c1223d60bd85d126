/**
 * Random filters: programs of steps over the SDK for the request and for its response, some of them attacks, several streams at a time, in the Node host and in Envoy. Whatever
 * they do, the next ordinary request is served.
 *
 * FUZZ_RUNS (default 8) and FUZZ_SEED (default 1).
 */

import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";

import { buildOwnFilter } from "../build-filter.ts";
import type { BuiltModule } from "../build-filter.ts";
import { startFilter } from "../envoy/filter.ts";
import type { RunningFilter } from "../envoy/filter.ts";
import { startUpstream } from "../envoy/upstream.ts";
import type { Upstream } from "../envoy/upstream.ts";
import { TestHost } from "../host/index.ts";
import { attacks } from "./attacks.ts";

const RUNS = Number(process.env["FUZZ_RUNS"] ?? 8);
const SEED = Number(process.env["FUZZ_SEED"] ?? 1);

const step = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("fetch", "together", "set", "iterate", "state", "timer", "leak", "tick") },
  { weight: 1, arbitrary: fc.constantFrom("shared", "queue", "metric", "property", "foreign", "random", "useKept") },
  { weight: 1, arbitrary: fc.constantFrom("grpc", "grpcStream", "grpcCancel") },
  { weight: 1, arbitrary: fc.constantFrom("reply", "throw", "reject", "close", "forever") },
  { weight: 1, arbitrary: fc.constantFrom(...Object.keys(attacks)) },
);
const steps = (minLength: number) => fc.array(step, { minLength, maxLength: 6 }).map((all) => all.join(","));
const program = fc.tuple(steps(1), steps(0)).map((both) => both.join("|"));
const programs = fc.array(program, { minLength: 1, maxLength: 5 });

let module: BuiltModule;
let other: Upstream;
let envoy: RunningFilter;

beforeAll(async () => {
  module = await buildOwnFilter("test/attacks/program-filter.ts");
  other = await startUpstream();
  envoy = await startFilter(module.wasm, { clusters: { other: other.url } });
}, 240_000);

afterAll(async () => {
  await envoy[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
  await module[Symbol.asyncDispose]();
});

/** Some programs never answer: their clients leave. */
async function ask(fetchIt: (path: string, signal: AbortSignal) => Promise<{ status: number }>, query: string) {
  const left = new Promise((resolve) => setTimeout(resolve, 1500).unref());
  await Promise.race([fetchIt(`/?${query}`, AbortSignal.timeout(1500)).catch(() => undefined), left]);
}

test("in the Node host", async () => {
  await using host = await TestHost.load(module.wasm, { clusters: { other: () => new Response("other") } });
  await fc.assert(
    fc.asyncProperty(programs, async (all) => {
      await Promise.all(all.map((query) => ask((path) => host.fetch(`http://a${path}`), query)));
      expect((await host.fetch("http://a/?set,fetch")).status).toBe(200);
    }),
    { numRuns: RUNS, seed: SEED, endOnFailure: true },
  );
}, 300_000);

test("in Envoy", async () => {
  await fc.assert(
    fc.asyncProperty(programs, async (all) => {
      await Promise.all(all.map((query) => ask((path, signal) => fetch(`${envoy.url}${path}`, { signal }), query)));
      expect((await fetch(`${envoy.url}/?set,fetch`)).status).toBe(200);
    }),
    { numRuns: RUNS, seed: SEED, endOnFailure: true },
  );
}, 300_000);
