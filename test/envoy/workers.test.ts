/** One Envoy with two workers: each has a VM of its own, and what they share is the host's. */

import { expect, test } from "vitest";

import { buildModule } from "../build-filter.ts";
import { startFilter } from "./filter.ts";

const FILTER = `
import { crypto, decodeUtf8, defineCounter, defineFilter, registerSharedQueue, resolveSharedQueue, Response, sharedData } from "proxy-wasm-ts";

const hits = defineCounter("worker_hits");
let vm = "";
let count = 0;

export default defineFilter({
  setup({ log }) {
    vm = crypto.randomUUID();
    registerSharedQueue("jobs").onItem((item) => log.info("job " + decodeUtf8(item) + " done"));
  },
  onRequestHeaders(request) {
    hits.increment();
    const total = sharedData.updateJson("total", (old) => (typeof old === "number" ? old : 0) + 1);
    resolveSharedQueue("jobs")?.enqueue(request.path);
    return new Response(JSON.stringify({ vm, random: Math.random(), bytes: crypto.getRandomValues(new Uint8Array(8)).join(), count: ++count, total }));
  },
});
`;

interface Report {
  readonly vm: string;
  readonly random: number;
  readonly bytes: string;
  readonly count: number;
}

test("two workers have their own variables and random numbers, and share data, queues and metrics", async () => {
  await using module = await buildModule(FILTER);
  await using filter = await startFilter(module.wasm, { workers: 2 });
  const reports: Report[] = [];
  // Connections are spread over the workers; each request has a new one.
  for (let vms = new Set(); vms.size < 2 || reports.length < 60;) {
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, at) => {
        const path = `/${reports.length + at}`;
        const response = await fetch(filter.url + path, { headers: { connection: "close" } });
        expect(response.status).toBe(200);
        return (await response.json()) as Report;
      }),
    );
    reports.push(...answers);
    vms = new Set(reports.map(({ vm }) => vm));
    expect(reports.length).toBeLessThan(2000);
  }
  const vms = [...new Set(reports.map(({ vm }) => vm))];
  expect(vms).toHaveLength(2);
  const counts = vms.map((vm) => Math.max(...reports.filter((report) => report.vm === vm).map(({ count }) => count)));
  expect(counts.reduce((sum, count) => sum + count)).toBe(reports.length);
  expect(new Set(reports.map(({ random }) => random)).size).toBe(reports.length);
  expect(new Set(reports.map(({ bytes }) => bytes)).size).toBe(reports.length);
  const last = (await (await fetch(`${filter.url}/last`)).json()) as { total: number };
  expect(last.total).toBe(reports.length + 1);
  // Each item is one worker's.
  const lines = await filter.envoy.waitForFilterLog(/^.*job \S+ done/, reports.length + 1);
  expect(new Set(lines).size).toBe(reports.length + 1);
  expect(await filter.envoy.stat("wasmcustom.worker_hits")).toBe(reports.length + 1);
});
