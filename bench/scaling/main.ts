/** Counts how a filter's work grows with what a request brings: `npm run bench -- --scaling`. See README.md. */

import { fileURLToPath } from "node:url";

import { TestHost } from "../../test/host/index.ts";
import { meteredGuest, total } from "../meter/guest.ts";
import type { MeteredGuest } from "../meter/guest.ts";
import { meter } from "../meter/meter.ts";
import { buildEntry } from "../meter/run.ts";
import { textOf } from "../traffic.ts";
import type { Point, ScaleResult } from "./report.ts";

interface Scale {
  readonly name: string;
  /** What the size counts. */
  readonly unit: string;
  readonly filter: string;
  readonly sizes: readonly number[];
  readonly run: (guest: MeteredGuest, size: number) => Promise<Point>;
}

const KIB = 1024;

const SCALES: readonly Scale[] = [
  {
    name: "headers of a request",
    unit: "header",
    filter: "all-headers",
    sizes: [5, 50, 100, 250, 500],
    run: async (guest, size) => {
      await using host = await TestHost.load(guest.filter);
      const headers = Object.fromEntries(Array.from({ length: size }, (_, at) => [`x-header-${at}`, `value ${at}`]));
      const request = () => host.fetch("http://back-golang/", { headers });
      await request();
      return await counted(guest, host, size, request);
    },
  },
  {
    name: "body of a request",
    unit: "KiB",
    filter: "read-body",
    sizes: [1, 10, 100, 1024, 10 * 1024],
    run: async (guest, size) => {
      await using host = await TestHost.load(guest.filter, { bufferLimit: 32 * KIB * KIB });
      const body = textOf(size * KIB);
      const request = () => host.fetch("http://back-golang/", { method: "POST", body });
      await request();
      return await counted(guest, host, size, request);
    },
  },
  {
    name: "streams open at a time",
    unit: "stream",
    filter: "open-streams",
    sizes: [1, 10, 100, 1000, 10_000],
    run: async (guest, size) => {
      let answer: (() => void) | undefined;
      const answered = new Promise<void>((resolve) => {
        answer = resolve;
      });
      const backPython = async () => {
        await answered;
        return new Response();
      };
      await using host = await TestHost.load(guest.filter, { clusters: { "back-python": backPython } });
      return await counted(guest, host, size, async () => {
        const responses = Array.from({ length: size }, () => host.fetch("http://back-golang/"));
        answer?.();
        return (await Promise.all(responses)).find(({ status }) => status !== 200) ?? new Response();
      });
    },
  },
  {
    name: "plugins in one VM, a request to each",
    unit: "plugin",
    filter: "all-headers",
    sizes: [1, 5, 10, 25, 50],
    run: async (guest, size) => {
      await using host = await TestHost.load(guest.filter);
      const others = Array.from({ length: size - 1 }, () => host.addPlugin());
      return await counted(guest, host, size, async () => {
        let response = await host.fetch("http://back-golang/");
        for (const plugin of others) {
          response = await plugin.fetch("http://back-golang/");
        }
        return response;
      });
    },
  },
];

async function counted(
  guest: MeteredGuest,
  host: TestHost,
  size: number,
  run: () => Promise<Response>,
): Promise<Point> {
  const before = total(guest.counts().instructions);
  const response = await run();
  if (response.status !== 200) {
    throw new Error(
      `a request was answered with ${response.status}: ${host.logs.at(-1)?.message ?? "nothing was logged"}`,
    );
  }
  await response.arrayBuffer();
  return { size, instructions: total(guest.counts().instructions) - before, memoryBytes: host.memoryBytes };
}

/** Counts all scales. @param report - is told what is being counted */
export async function countScales(report: (text: string) => void): Promise<ScaleResult[]> {
  const results: ScaleResult[] = [];
  for (const { name, unit, filter, sizes, run } of SCALES) {
    report(`counting: ${name}`);
    const module = meter(await buildEntry(fileURLToPath(new URL(`${filter}.ts`, import.meta.url))));
    const points: Point[] = [];
    for (const size of sizes) {
      points.push(await run(meteredGuest(module), size));
    }
    results.push({ name, unit, points });
  }
  return results;
}
