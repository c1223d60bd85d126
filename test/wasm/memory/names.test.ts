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
  for (let round = 0; round < 6; round++) {
    expect((await host.fetch("http://a/fill")).status).toBe(500);
    used.push(await inUse());
  }
  const [start = 0, ...later] = used;
  const last = later.at(-1) ?? NaN;
  // A part of the heap's 8 MiB, which the second time finds more room for than the first one; then it stays.
  expect(Math.min(...later)).toBeGreaterThan(start + MIB / 16);
  expect(Math.max(...later)).toBeLessThan(start + 2 * MIB);
  for (const bytes of later.slice(-4)) {
    expect(Math.abs(bytes - last)).toBeLessThan(MIB / 100);
  }
});
