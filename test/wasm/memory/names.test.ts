/** Property names that filled the heap: they are freed with what had them, and the engine's table of names does not grow again. */

import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { buildEntry } from "../../../bench/meter/run.ts";
import { TestHost } from "../../host/index.ts";

const MIB = 2 ** 20;

test("a heap that names have filled again and again keeps a table of them, which stays as large as it is", async () => {
  const entry = fileURLToPath(new URL("../../filters/property-names.ts", import.meta.url));
  await using host = await TestHost.load(await buildEntry(entry));
  const inUse = async () => Number(await (await host.fetch("http://a/usage")).text());
  const used = [await inUse()];
  for (let round = 0; round < 5; round++) {
    expect((await host.fetch("http://a/fill")).status).toBe(500);
    used.push(await inUse());
  }
  const [start = 0, first = 0, ...others] = used;
  expect(first).toBeGreaterThan(start + MIB / 16);
  expect(first).toBeLessThan(start + MIB);
  for (const bytes of others) {
    expect(bytes).toBeLessThan(first + MIB / 100);
  }
});
