/**
 * Streams of mixed sizes and lifetimes do not fragment the module's memory: it is flat after a warm-up.
 *
 * STREAMS (default 150000) says how many there are; docs/RATIONALE.md has figures of more.
 */

import { expect, test } from "vitest";

import { random } from "../../random.ts";
import { buildFilter } from "../../../build/pipeline.ts";
import { tempProject } from "../../temp-project.ts";
import { DirectHost } from "./direct-host.ts";

const STREAMS = Number(process.env["STREAMS"] ?? 150_000);

/**
 * Streams that stay open, one in each slot. A slot's streams are of one size, so that what is alive is the same at any time, whatever comes when:
 * only fragments can make memory grow.
 */
const SLOTS = 400;
const LARGEST = 2 ** 16;

/** So many streams are small, as many large, and as many of all sizes. */
const PHASE = 500;

/** From a few bytes to the largest, each order of magnitude as often. */
function sizeOf(slot: number): number {
  return Math.floor(2 ** ((Math.log2(LARGEST) * (slot % 57)) / 56));
}

test(`memory is flat: ${STREAMS} streams of mixed sizes`, async () => {
  await using project = await tempProject({});
  const entry = new URL("../../filters/mixed-sizes.ts", import.meta.url).pathname;
  const { wasm } = await buildFilter({ entry, outfile: project.path("filter.wasm"), typecheck: false });
  const host = DirectHost.of(wasm);
  const pick = random(1);
  const bytes = new Uint8Array(LARGEST).fill(0x61);
  const open: { stream: number; size: number; call: number | undefined }[] = [];

  const end = ({ stream, call, size }: (typeof open)[number]) => {
    if (call !== undefined && pick(10) > 0) {
      host.answer(call, bytes.subarray(0, size)); // of ten clients one leaves before
    }
    host.requestBody(stream, bytes.subarray(0, size));
    host.responseHeaders(stream, [[":status", "200"]]);
    host.end(stream);
    if (call !== undefined && host.calls.includes(call)) {
      host.answer(call, bytes.subarray(0, size));
    }
  };

  /** One after the other, and phases of small streams, of large ones and of all. */
  const slotOf = (at: number) => {
    const phase = Math.floor(at / PHASE) % 3;
    const kind = phase === 0 ? pick(30) : phase === 1 ? 27 + pick(30) : pick(57);
    return (kind + 57 * pick(Math.ceil(SLOTS / 57))) % SLOTS;
  };

  const figures: number[] = [];
  for (let at = 0; at < STREAMS; at++) {
    const slot = slotOf(at);
    const size = sizeOf(slot);
    const previous = open[slot];
    const waits = pick(4) === 0;
    const headers = Array.from({ length: 2 + pick(20) }, (_, number): [string, string] => [
      `x-${number}`,
      "v".repeat(pick(60)),
    ]);
    headers.push(["x-bytes", String(size)], ...(waits ? [["x-waits", "1"] as [string, string]] : []));
    host.request(at + 2, headers, true);
    open[slot] = { stream: at + 2, size, call: waits ? host.calls.at(-1) : undefined };
    if (previous !== undefined) {
      end(previous);
    }
    if ((at + 1) % Math.ceil(STREAMS / 10) === 0) {
      figures.push(host.memoryBytes);
    }
  }
  open.forEach(end);
  const alive = Array.from({ length: SLOTS }, (_, slot) => sizeOf(slot)).reduce((sum, size) => sum + size, 0);
  console.log(
    `memory of the module in KiB: ${figures.map((figure) => figure / 1024).join(" ")} (${SLOTS} open streams of ${alive >> 10} KiB)`,
  );
  expect(host.errors.slice(0, 3)).toEqual([]);
  expect(host.calls).toEqual([]);
  const warm = figures[5] ?? 0; // from the fifth of ten figures on they are the same
  expect(figures.at(-1)).toBeLessThanOrEqual(warm * 1.02);
}, 3_600_000);
