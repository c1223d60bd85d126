/** Each attack in a real Envoy with one worker: the same worker answers the next request, and its VM is the first one. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { buildOwnFilter } from "../build-filter.ts";
import type { BuiltModule } from "../build-filter.ts";
import { startFilter } from "../envoy/filter.ts";
import type { RunningFilter } from "../envoy/filter.ts";
import { startUpstream } from "../envoy/upstream.ts";
import type { Upstream } from "../envoy/upstream.ts";
import { attacks } from "./attacks.ts";

let module: BuiltModule;
let other: Upstream;
let filter: RunningFilter;
const CREATED = "wasm.envoy.wasm.runtime.v8.created";
let created: number | undefined;

beforeAll(async () => {
  module = await buildOwnFilter("test/attacks/filter.ts");
  other = await startUpstream();
  filter = await startFilter(module.wasm, { clusters: { other: other.url } });
  created = await filter.envoy.stat(CREATED);
}, 120_000);

afterAll(async () => {
  await filter[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
  await module[Symbol.asyncDispose]();
});

describe.each(["", "?later"])("%s", (when) => {
  test.each(Object.keys(attacks))("%s", async (name) => {
    const attacked = await fetch(`${filter.url}/${name}${when}`);
    expect(attacked.status).toBe(500);
    // Empty when the error could not be described in time: then nothing of the SDK runs.
    expect(["Internal Server Error", ""]).toContain(await attacked.text());
    expect((await fetch(`${filter.url}/nothing${when}`)).status).toBe(200);
  });
});

test("no VM has failed", async () => {
  expect(created).toBeGreaterThan(0);
  expect(await filter.envoy.stat(CREATED)).toBe(created);
});
