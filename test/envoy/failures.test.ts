/** What becomes of traffic when a module breaks, or when its host takes capabilities away: what the Node host does, too. */

import { writeFile } from "node:fs/promises";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { poll } from "../../scripts/poll.ts";
import { tempProject } from "../temp-project.ts";
import { tinyModule, wat } from "../wasm/host-abi/tiny-module.ts";
import { buildModule } from "../build-filter.ts";
import type { BuiltModule } from "../build-filter.ts";
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

const FAULTY = `
import { defineFilter } from "proxy-wasm-ts";

const faults: Record<string, () => void> = {
  "/throw": () => { throw new Error("on purpose"); },
  "/loop": () => { for (;;); },
  "/heap": () => { for (const held: Uint8Array[] = []; ;) held.push(new Uint8Array(1_000_000)); },
};

export default defineFilter({
  onRequestHeaders(request) {
    faults[request.path]?.();
  },
});
`;

describe("an exception, an endless loop and a full heap cost their streams, and the VM lives", () => {
  let module: BuiltModule;

  beforeAll(async () => {
    module = await buildModule(FAULTY);
  }, 240_000);

  afterAll(() => module[Symbol.asyncDispose]());

  test.each([undefined, "FAIL_OPEN", "FAIL_RELOAD"] as const)("with the failure policy %s", async (failurePolicy) => {
    await using filter = await startFilter(module.wasm, { failurePolicy });
    const created = await filter.envoy.stat("wasm.envoy.wasm.runtime.v8.created");
    for (const path of ["/throw", "/loop", "/heap"]) {
      expect((await fetch(filter.url + path)).status).toBe(500);
      expect((await fetch(filter.url)).status).toBe(200);
    }
    expect(filter.upstream.requests).toHaveLength(3);
    expect(await filter.envoy.stat("wasm.envoy.wasm.runtime.v8.created")).toBe(created);
  });
});
