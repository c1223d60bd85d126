/** What requests leave in the engine's tables of names and shapes: it goes with what had them, and the tables become small again. */

import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { buildEntry } from "../../../bench/meter/run.ts";
import { TestHost } from "../../host/index.ts";

const KIB = 1024;

const filter = buildEntry(fileURLToPath(new URL("../../filters/tables.ts", import.meta.url)));

/** How much more is in use than at first, after each request. */
async function rounds(count: number, ...paths: string[]): Promise<number[]> {
  await using host = await TestHost.load(await filter);
  const inUse = async () => Number(await (await host.fetch("http://a/usage")).text());
  const start = await inUse();
  const more: number[] = [];
  for (let round = 0; round < count; round++) {
    for (const path of paths) {
      const filled = path.startsWith("/fill");
      expect((await host.fetch(`http://a${path}`)).status).toBe(filled ? 500 : 200);
      more.push((await inUse()) - start);
    }
  }
  return more;
}

test("a heap that names have filled again and again gives back its tables of them", async () => {
  expect(Math.max(...(await rounds(6, "/fill")))).toBeLessThan(96 * KIB);
});

test("a name that stays among them keeps its place, and the table up to it", async () => {
  expect(Math.max(...(await rounds(6, "/fill-and-keep-one")))).toBeLessThan(160 * KIB);
});

test("where no limit is reached, the tables stay until the collector has something to do", async () => {
  const [some = NaN, ...later] = await rounds(1, "/some", ...Array<string>(8).fill("/cycles"));
  expect(some).toBeGreaterThan(150 * KIB);
  // At other moments there is garbage, too: up to 256 KiB.
  expect(Math.min(...later)).toBeLessThan(128 * KIB);
});

test("objects that are used as maps leave no shapes behind", async () => {
  expect(Math.max(...(await rounds(20, "/map")))).toBeLessThan(128 * KIB);
});

test("prototypes that had prototypes of their own are not kept", async () => {
  const later = await rounds(1, "/prototypes", ...Array<string>(8).fill("/cycles"));
  expect(Math.min(...later)).toBeLessThan(128 * KIB);
});
