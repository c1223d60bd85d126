/**
 * The collector of cycles under load: each request leaves cycles behind, many streams are open, and the heap's limit is near. Counted
 * are collections and their instructions, which are the same in every run.
 *
 * COLLECTOR_STREAMS (default 5000) says how many streams there are.
 */

import { fileURLToPath } from "node:url";

import { beforeAll, expect, test } from "vitest";

import { meteredGuest } from "../../../bench/meter/guest.ts";
import type { MeteredGuest } from "../../../bench/meter/guest.ts";
import { meter } from "../../../bench/meter/meter.ts";
import type { MeteredModule } from "../../../bench/meter/meter.ts";
import { buildEntry } from "../../../bench/meter/run.ts";
import { DirectHost } from "./direct-host.ts";

const STREAMS = Number(process.env["COLLECTOR_STREAMS"] ?? 5000);
const CHUNKS = 5;

let module: MeteredModule;

beforeAll(async () => {
  module = meter(await buildEntry(fileURLToPath(new URL("../../filters/cyclic.ts", import.meta.url))));
}, 120_000);

interface Collections {
  readonly count: number;
  /** What finding garbage takes; freeing it is not counted. */
  readonly instructions: number;
}

function collections(guest: MeteredGuest): Collections {
  const { calls, instructions } = guest.counts();
  const marking = [...instructions].filter(([name]) => /^(JS_RunGC|mark_children|gc_\w+|\w+_mark)$/.test(name));
  return { count: calls.get("JS_RunGC") ?? 0, instructions: marking.reduce((sum, [, each]) => sum + each, 0) };
}

/** One part of the load, as many streams as any other. */
interface Chunk extends Collections {
  readonly memoryBytes: number;
}

interface Load {
  /** That each stream leaves behind. */
  readonly cycles: number;
  /** So many streams are open at any time. */
  readonly open: number;
}

function run({ cycles, open: openStreams }: Load): Chunk[] {
  const guest = meteredGuest(module);
  const host = new DirectHost(guest.filter.module);
  const open: { stream: number; call: number }[] = [];
  let next = 1;
  const start = (waits: boolean) => {
    const stream = ++next;
    const headers: [string, string][] = [
      ["x-id", `stream ${stream}`],
      ["x-cycles", String(cycles)],
      ...(waits ? [["x-waits", "1"] as [string, string]] : []),
    ];
    expect(host.request(stream, headers, false)).toBe(waits);
    return stream;
  };
  const openOne = () => open.push({ stream: start(true), call: host.calls.at(-1) ?? 0 });
  let answered = 0;
  const closeOldest = () => {
    const oldest = open.shift();
    if (oldest !== undefined) {
      host.answer(oldest.call, new Uint8Array());
      host.end(oldest.stream);
      expect(host.continued).toBe(++answered);
    }
  };
  while (open.length < openStreams) {
    openOne();
  }
  const chunks: Chunk[] = [];
  for (let chunk = 0; chunk < CHUNKS; chunk++) {
    const before = collections(guest);
    for (let at = 0; at < STREAMS / CHUNKS; at++) {
      if (at % 4 === 0) {
        closeOldest();
        openOne();
      } else {
        host.end(start(false));
      }
    }
    const after = collections(guest);
    chunks.push({
      count: after.count - before.count,
      instructions: (after.instructions - before.instructions) / (after.count - before.count),
      memoryBytes: host.memoryBytes,
    });
  }
  while (open.length > 0) {
    closeOldest();
  }
  expect(host.errors.slice(0, 3)).toEqual([]);
  return chunks;
}

/** Runs a load and checks what holds for all. Returns how many collections there were, without the first part. */
function checked(load: Load): number {
  const chunks = run(load);
  const figures = chunks.map(
    ({ count, instructions, memoryBytes }) =>
      `${count} of ${Math.round(instructions)} instructions, ${memoryBytes >> 10} KiB`,
  );
  console.log(`${load.cycles} cycles for each stream, ${load.open} open streams; collections: ${figures.join("; ")}`);
  const second = chunks[1] ?? { count: 0, instructions: 0, memoryBytes: 0 };
  const last = chunks.at(-1) ?? second;
  // As much garbage is as many collections, which look at what is alive and at the garbage, and not at what was before.
  expect(second.count).toBeGreaterThan(0);
  expect(Math.abs(last.count - second.count)).toBeLessThanOrEqual(1 + second.count * 0.05);
  expect(last.instructions).toBeLessThan(second.instructions * 1.05);
  // Two pages more, at most: where blocks lie is not the same each time.
  expect(last.memoryBytes).toBeLessThanOrEqual(second.memoryBytes + 2 * 65_536);
  return chunks.slice(1).reduce((sum, { count }) => sum + count, 0);
}

test(`${STREAMS} streams that leave cycles behind: memory is bounded, and collections cost the same at the end`, () => {
  const few = checked({ cycles: 2, open: 500 });
  const many = checked({ cycles: 8, open: 500 });
  // A stream has a cycle of its own: 9 and 3 for each.
  expect(many / few).toBeGreaterThan(2);
  expect(many / few).toBeLessThan(4);
}, 1_800_000);

test("the same with as many open streams as the heap's limit lets be", () => {
  checked({ cycles: 2, open: 1150 });
}, 1_800_000);
