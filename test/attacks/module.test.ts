/** Each attack in the built module, in V8: nothing is a trap, and the same VM answers the next request. */

import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { compileFilter, TestHost } from "../host/index.ts";
import { attacks } from "./attacks.ts";

let host: TestHost;

beforeAll(async () => {
  const filter = await compileFilter(fileURLToPath(new URL("filter.ts", import.meta.url)), "wasm");
  host = await TestHost.load(filter, { clusters: { other: () => new Response("other") } });
});

afterAll(async () => {
  await host.close();
});

describe.each(["", "?later"])("%s", (when) => {
  test.each(Object.keys(attacks))("%s", async (name) => {
    const attacked = await host.fetch(`http://a/${name}${when}`);
    expect(attacked.status).toBe(500);
    // Empty when the error could not be described in time: then nothing of the SDK runs.
    expect(["Internal Server Error", ""]).toContain(await attacked.text());
    expect((await host.fetch(`http://a/nothing${when}`)).status).toBe(200);
  });
});
