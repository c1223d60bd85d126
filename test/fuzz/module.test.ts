/**
 * Host events in random orders with random arguments against built modules, by a host that answers what it likes. Whatever it is, no
 * callback is a trap, and the next ordinary request is served.
 *
 * FUZZ_RUNS (default 150) and FUZZ_SEED (default 1) choose how many sequences; fast-check tells the shortest one that fails.
 */

import { readFile } from "node:fs/promises";

import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";

import { buildTestFilter } from "../build-filter.ts";
import { wasm } from "../host/wasm-api.ts";
import type { WasmModule } from "../host/wasm-api.ts";
import { ChaosHost } from "./chaos-host.ts";

const RUNS = Number(process.env["FUZZ_RUNS"] ?? 150);
const SEED = Number(process.env["FUZZ_SEED"] ?? 1);

const number = fc.oneof({ weight: 6, arbitrary: fc.nat(12) }, { weight: 1, arbitrary: fc.nat(2 ** 32 - 1) });
const event = fc.record({ callback: fc.nat(63), parameters: fc.array(number, { minLength: 5, maxLength: 5 }) });
const sequence = fc.record({
  events: fc.array(event, { maxLength: 60 }),
  answers: fc.array(fc.record({ status: fc.nat(12), data: fc.uint8Array({ maxLength: 80 }), lie: fc.nat(40) }), {
    minLength: 1,
    maxLength: 40,
  }),
});

const modules = new Map<string, WasmModule>();

beforeAll(async () => {
  modules.set("jump", new wasm.Module(await readFile("dist/filter.wasm")));
  for (const name of ["scripted", "network", "grpc-streams", "plugins"]) {
    await using built = await buildTestFilter(name);
    modules.set(name, new wasm.Module(await readFile(built.wasm)));
  }
}, 240_000);

describe.each(["jump", "scripted", "network", "grpc-streams", "plugins"])("%s", (name) => {
  test("no sequence of events is a trap", () => {
    const module = modules.get(name);
    if (module === undefined) {
      throw new Error("not built");
    }
    let host = new ChaosHost(module);
    fc.assert(
      fc.property(sequence, ({ events, answers }) => {
        try {
          host.answers = answers;
          for (const { callback, parameters } of events) {
            host.call(callback, parameters);
          }
          expect(host.serves()).toBe(true);
        } catch (error) {
          host = new ChaosHost(module); // a new one for the search of the shortest sequence
          throw error;
        }
      }),
      { numRuns: RUNS, seed: SEED },
    );
  }, 240_000);
});
