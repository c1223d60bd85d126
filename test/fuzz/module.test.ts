/**
 * Host events in random orders with random arguments against built modules, also within host calls, by a host that answers what it likes.
 * Whatever it is, no callback is a trap, the next ordinary request is served, and memory does not grow without bound.
 *
 * FUZZ_RUNS (default 30, each twice) and FUZZ_SEED (default 1) choose how many sequences; fast-check tells the shortest one that fails.
 */

import { readFile } from "node:fs/promises";

import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";

import { buildTestFilter } from "../build-filter.ts";
import { wasm } from "../host/wasm-api.ts";
import type { WasmModule } from "../host/wasm-api.ts";
import { ChaosHost } from "./chaos-host.ts";

const RUNS = Number(process.env["FUZZ_RUNS"] ?? 30);
const SEED = Number(process.env["FUZZ_SEED"] ?? 1);

const number = fc.oneof({ weight: 6, arbitrary: fc.nat(12) }, { weight: 1, arbitrary: fc.nat(2 ** 32 - 1) });
const event = fc.record({ callback: fc.nat(63), parameters: fc.array(number, { minLength: 5, maxLength: 5 }) });
const answer = fc.record({
  status: fc.oneof({ weight: 9, arbitrary: fc.nat(12) }, { weight: 1, arbitrary: fc.nat(2 ** 32 - 1) }),
  data: fc.uint8Array({ maxLength: 80 }),
  lie: fc.nat(40),
  within: fc.option(event, { nil: undefined, freq: 10 }),
});
const sequence = fc.record({
  events: fc.array(event, { maxLength: 60 }),
  answers: fc.array(answer, { minLength: 1, maxLength: 40 }),
});

const modules = new Map<string, WasmModule>();

beforeAll(async () => {
  modules.set("jump", new wasm.Module(await readFile("dist/filter.wasm")));
  for (const name of ["scripted", "network", "grpc-streams", "plugins"]) {
    await using built = await buildTestFilter(name);
    modules.set(name, new wasm.Module(await readFile(built.wasm)));
  }
}, 240_000);

function newHost(name: string): ChaosHost {
  const module = modules.get(name);
  if (module === undefined) {
    throw new Error("not built");
  }
  return new ChaosHost(module);
}

describe.each(["jump", "scripted", "network", "grpc-streams", "plugins"])("%s", (name) => {
  test("no sequence of events is a trap", () => {
    let host = newHost(name);
    const property = fc.property(sequence, ({ events, answers }) => {
      try {
        host.answers = answers;
        for (const each of events) {
          host.call(each);
        }
        expect(host.serves()).toBe(true);
      } catch (error) {
        host = newHost(name); // a new one for the search of the shortest sequence
        throw error;
      }
    });
    fc.assert(property, { numRuns: RUNS, seed: SEED });
    const { memoryBytes } = host;
    fc.assert(property, { numRuns: RUNS, seed: SEED });
    // The heap's pages, and how full of garbage it was, are not the same the second time.
    expect(host.memoryBytes).toBeLessThanOrEqual(memoryBytes + 2 * 2 ** 20);
  }, 240_000);

  // What goes wrong there is reported, and a report has time of its own: a callback must end all the same.
  test.each([
    [0, "has a clock"],
    [1, "has a clock"],
    [2, "has a clock"],
    [10, "has a clock"],
    [0, "refuses the clock"],
    [2, "refuses the clock"],
  ])(
    "a host that configures it again within each host call, answers %i, and %s",
    (status, clock) => {
      const host = newHost(name);
      host.refusesClock = clock === "refuses the clock";
      const configure = { callback: host.numberOf("proxy_on_configure"), parameters: [0, 17, 0, 0, 0] };
      host.answers = [{ status, data: new Uint8Array(17), lie: 2, within: configure }];
      host.call(configure);
      expect(host.serves()).toBe(true);
    },
    240_000,
  );
});
