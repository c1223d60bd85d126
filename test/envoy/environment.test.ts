/** Environment variables, random numbers, clocks, abort signals and the VM's start, in a real Envoy. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { buildModule } from "../build-filter.ts";
import { startFilter } from "./filter.ts";
import type { BuiltModule } from "../build-filter.ts";
import type { RunningFilter } from "./filter.ts";
import { startUpstream } from "./upstream.ts";
import type { Upstream } from "./upstream.ts";

const FILTER = `
import {
  AbortController, AbortSignal, crypto, defineFilter, environment, fetch, FetchError, log, onVmStart, performance, Response,
} from "proxy-wasm-ts";

let vmConfiguration = "not started";
onVmStart((configuration) => {
  vmConfiguration = configuration;
  if (configuration === "throw") throw new Error("no such VM");
  return configuration !== "refuse";
});

function failure(run: () => unknown): unknown {
  try {
    return run() ?? null;
  } catch (error) {
    return error instanceof Error ? [error.name, error.message] : error;
  }
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return "resolved";
  } catch (error) {
    return error instanceof FetchError ? error.reason : error instanceof Error ? [error.name, error.message] : error;
  }
}

const slow = { cluster: "slow", timeoutMs: 2000 };

const actions: Record<string, () => unknown> = {
  environment: () => [environment(), environment() === environment(), Object.isFrozen(environment())],
  random: () => {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    const words = crypto.getRandomValues(new Uint32Array(8).subarray(2, 4));
    return [[...bytes], [...words], [...new Uint8Array(words.buffer, 0, 8)], crypto.randomUUID(), crypto.randomUUID()];
  },
  "random-wrong": () => [
    failure(() => crypto.getRandomValues(new Uint8Array(65_537))),
    failure(() => crypto.getRandomValues(new Float64Array(1) as unknown as Uint8Array)),
    failure(() => crypto.getRandomValues([1] as unknown as Uint8Array)),
    crypto.getRandomValues(new Uint8Array(65_536)).length,
    crypto.getRandomValues(new Uint8Array(0)).length,
  ],
  performance: async () => {
    const start = performance.now();
    await fetch("/50", slow);
    return [start, performance.now() - start, Math.abs(performance.timeOrigin + performance.now() - Date.now())];
  },
  abort: async () => {
    const controller = new AbortController();
    const seen: unknown[] = [];
    controller.signal.addEventListener("abort", ({ type, target }) => seen.push([type, target === controller.signal]));
    const call = rejection(fetch("/300", { ...slow, signal: controller.signal }));
    controller.abort();
    controller.abort("again");
    const error = await call;
    return [seen, error, controller.signal.aborted, failure(() => controller.signal.throwIfAborted())];
  },
  timeout: async () => {
    const start = performance.now();
    const error = await rejection(fetch("/500", { ...slow, signal: AbortSignal.timeout(60) }));
    return [error, performance.now() - start < 400];
  },
  any: async () => {
    const controller = new AbortController();
    const signal = AbortSignal.any([AbortSignal.timeout(1000), controller.signal]);
    const call = rejection(fetch("/300", { ...slow, signal }));
    controller.abort("enough");
    return [await call, AbortSignal.any([AbortSignal.abort("done")]).reason, AbortSignal.any([]).aborted];
  },
  before: () => rejection(fetch("/0", { ...slow, signal: AbortSignal.abort(new Error("too late")) })),
  unused: async () => {
    const answer = await fetch("/0", { ...slow, signal: new AbortController().signal });
    return [answer.status, await rejection(fetch("/0", { cluster: "nobody", signal: new AbortController().signal }))];
  },
  wrong: () => [
    failure(() => new AbortSignal(Symbol())),
    failure(() => AbortSignal.timeout(-1)),
    failure(() => AbortSignal.timeout(1.5)),
  ],
  globals: () => {
    const { crypto: random, performance: clock, AbortController: Controller, setTimeout: timer } =
      globalThis as unknown as Record<string, unknown>;
    return [typeof random, typeof clock, typeof Controller, typeof timer];
  },
  vm: () => vmConfiguration,
};

export default defineFilter({
  setup: () => log.info("set up in a VM with " + vmConfiguration),
  async onRequestHeaders(request) {
    const action = actions[request.path.slice(1)];
    return action === undefined ? undefined : new Response(JSON.stringify(await action()));
  },
});
`;

let module: BuiltModule;
let filter: RunningFilter;
let slow: Upstream;

beforeAll(async () => {
  module = await buildModule(FILTER);
  slow = await startUpstream((request, response) => {
    setTimeout(() => response.end(), Number(request.path.slice(1)));
  });
  filter = await startFilter(module.wasm, {
    clusters: { slow: slow.url },
    vmConfig: "region: nowhere ä",
    environment: { NAME: "value", SPACE: "a = b", EMPTY: "", UMLAUT: "ü" },
  });
});

afterAll(async () => {
  await filter[Symbol.asyncDispose]();
  await slow[Symbol.asyncDispose]();
  await module[Symbol.asyncDispose]();
});

async function run(path: string): Promise<unknown> {
  const response = await fetch(`${filter.url}/${path}`);
  expect(response.status).toBe(200);
  return response.json();
}

test("the environment is the VM's", async () => {
  expect(await run("environment")).toEqual([{ NAME: "value", SPACE: "a = b", EMPTY: "", UMLAUT: "ü" }, true, true]);
});

describe("crypto", () => {
  test("fills arrays and makes UUIDs", async () => {
    const [bytes, words, before, ...uuids] = (await run("random")) as [number[], number[], number[], string, string];
    expect(new Set(bytes).size).toBeGreaterThan(10);
    expect(words[0]).not.toBe(words[1]);
    expect(before).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    for (const uuid of uuids) {
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
    expect(uuids[0]).not.toBe(uuids[1]);
  });

  test("refuses what the Web refuses", async () => {
    expect(await run("random-wrong")).toEqual([
      ["QuotaExceededError", expect.stringContaining("65537 bytes are more than 65536")],
      ["TypeError", expect.stringContaining("typed arrays of integers only")],
      ["TypeError", expect.stringContaining("typed arrays of integers only")],
      65_536,
      0,
    ]);
  });
});

test("performance.now counts milliseconds since the VM's start", async () => {
  const [start, passed, off] = (await run("performance")) as [number, number, number];
  expect(start).toBeGreaterThan(0);
  expect(start).toBeLessThan(60_000);
  expect(passed).toBeGreaterThan(45);
  expect(passed).toBeLessThan(2000);
  expect(off).toBeLessThan(50);
});

describe("abort signals", () => {
  test("reject a fetch, whose late answer is ignored", async () => {
    expect(await run("abort")).toEqual([
      [["abort", true]],
      ["AbortError", "this was aborted"],
      true,
      ["AbortError", "this was aborted"],
    ]);
    expect(await run("timeout")).toEqual([["TimeoutError", "the time of 60 ms is over"], true]);
    expect(await run("any")).toEqual(["enough", "done", false]);
    // The answers arrive meanwhile, and nothing of it is an error.
    expect(await run("unused")).toEqual([200, "unknown-cluster"]);
    expect(filter.envoy.filterLog().filter((line) => line.includes("[error]"))).toEqual([]);
  });

  test("that are aborted already start no call", async () => {
    const calls = slow.requests.length;
    expect(await run("before")).toEqual(["Error", "too late"]);
    expect(slow.requests).toHaveLength(calls);
  });

  test("are made by their functions, with checked times", async () => {
    expect(await run("wrong")).toEqual([
      ["TypeError", expect.stringContaining("new AbortController().signal makes one")],
      ["RangeError", expect.stringContaining("not -1")],
      ["RangeError", expect.stringContaining("not 1.5")],
    ]);
  });
});

test("what is imported does not become a property of the global object", async () => {
  expect(await run("globals")).toEqual(["undefined", "undefined", "undefined", "undefined"]);
});

describe("onVmStart", () => {
  test("is given the VM's configuration, before a plugin is set up", async () => {
    expect(await run("vm")).toBe("region: nowhere ä");
    await filter.envoy.waitForFilterLog(/set up in a VM with region: nowhere/);
  });

  test.each([
    ["refuse", /Failed to start|onVmStart|on_vm_start|proxy_on_vm_start|Wasm.*fail/i],
    ["throw", /no such VM/],
  ])("refuses to start: %s", async (vmConfig, message) => {
    await expect(startFilter(module.wasm, { vmConfig })).rejects.toThrow(message);
  });
});
