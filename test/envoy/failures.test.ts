/** What becomes of traffic when a module breaks, or when its host takes capabilities away: what the Node host does, too. */

import { writeFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { poll } from "../../scripts/poll.ts";
import { tempProject } from "../temp-project.ts";
import { tinyModule, wat } from "../wasm/host-abi/tiny-module.ts";
import { startFilter } from "./filter.ts";
import type { RunningFilter } from "./filter.ts";

/** A module that breaks at a request's body. */
async function breaks() {
  const project = await tempProject({});
  await writeFile(project.path("breaks.wasm"), tinyModule({ on: { proxy_on_request_body: [wat("(unreachable)")] } }));
  return { wasm: project.path("breaks.wasm"), [Symbol.asyncDispose]: () => project[Symbol.asyncDispose]() };
}

async function statuses(filter: RunningFilter): Promise<number[]> {
  const before = await fetch(filter.url);
  const breaking = await fetch(filter.url, { method: "POST", body: "x" });
  const after = await fetch(filter.url);
  return [before, breaking, after].map(({ status }) => status);
}

test("a broken module closes by default: 503", async () => {
  await using module = await breaks();
  await using filter = await startFilter(module.wasm);
  expect(await statuses(filter)).toEqual([200, 503, 503]);
});

test("and lets the streams after it pass when it may", async () => {
  await using module = await breaks();
  await using filter = await startFilter(module.wasm, { failurePolicy: "FAIL_OPEN" });
  expect(await statuses(filter)).toEqual([200, 503, 200]);
  expect(filter.upstream.requests).toHaveLength(2);
});

test("and is loaded anew a second or two later when it may", async () => {
  await using module = await breaks();
  await using filter = await startFilter(module.wasm, { failurePolicy: "FAIL_RELOAD" });
  expect(await statuses(filter)).toEqual([200, 503, 503]);
  const again = await poll(5000, async () => ((await fetch(filter.url)).status === 200 ? true : undefined));
  expect(again).toBe(true);
});
