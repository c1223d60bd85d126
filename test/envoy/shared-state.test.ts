/** Shared data and shared queues, in a real Envoy. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { buildModule } from "../build-filter.ts";
import { startFilter } from "./filter.ts";
import type { BuiltModule } from "../build-filter.ts";
import type { RunningFilter } from "./filter.ts";

/** What a request's path names is run, and what that returns is the answer. The receiver of the queues is another plugin. */
const FILTER = `
import {
  decodeUtf8, defineFilter, HostError, log, registerSharedQueue, resolveSharedQueue, Response, sharedData,
  SharedDataConflictError, sharedDataWithPrefix,
} from "proxy-wasm-ts";
import type { SharedQueue } from "proxy-wasm-ts";
import { proxy_dequeue_shared_queue, proxy_enqueue_shared_queue, proxy_set_shared_data } from "proxy-wasm-ts/hostcalls";

const mine = sharedDataWithPrefix("mine:");
let own: SharedQueue | undefined;

function failure(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    const status = error instanceof HostError ? [error.call, error.status] : [];
    return error instanceof Error ? [error.name, error.message, ...status] : error;
  }
}

const actions: Record<string, (text: string) => unknown> = {
  get: (key) => sharedData.get(key)?.text() ?? null,
  set: (text) => sharedData.set("key", text),
  bytes: () => {
    sharedData.set("bytes", Uint8Array.of(0, 255, 128));
    const { bytes, version } = sharedData.get("bytes") ?? {};
    return [[...(bytes ?? [])], typeof version];
  },
  empty: () => [sharedData.set("empty", ""), sharedData.get("empty")?.bytes.length, sharedData.set("", "no name"), sharedData.get("")?.text()],
  json: () => [sharedData.setJson("json", { list: [1, "ä"] }), sharedData.get("json")?.json()],
  versions: () => {
    sharedData.set("v", "1");
    const { version } = sharedData.get("v") ?? {};
    if (version === undefined) return "no version";
    return [sharedData.set("v", "2", { version }), sharedData.set("v", "3", { version }), sharedData.get("v")?.text()];
  },
  "missing-with-version": () => [sharedData.set("never", "x", { version: 12345 }), sharedData.get("never")?.text()],
  create: () => [sharedData.create("once", "first"), sharedData.create("once", "second"), sharedData.get("once")?.text()],
  "create-race": () => [
    sharedData.create("race", "a"),
    proxy_set_shared_data("race", "b", 0xffffffff),
    sharedData.get("race")?.text(),
  ],
  update: () => {
    const seen: (string | undefined)[] = [];
    const result = sharedData.update("u", (old) => {
      seen.push(old?.text());
      if (seen.length < 3) sharedData.set("u", "meddled " + seen.length);
      return "done";
    });
    return [seen, result, sharedData.get("u")?.text()];
  },
  "update-nothing": () => [sharedData.update("nothing", () => undefined) ?? null, sharedData.get("nothing") ?? null],
  conflict: () => failure(() => sharedData.update("c", () => {
    sharedData.set("c", "meddled");
    return "mine";
  }, { attempts: 3 })),
  "conflict-class": () => {
    try {
      sharedData.update("c", () => { sharedData.set("c", "x"); return "y"; }, { attempts: 1 });
    } catch (error) {
      return error instanceof SharedDataConflictError;
    }
    return undefined;
  },
  count: () => sharedData.updateJson("count", (old) => (typeof old === "number" ? old : 0) + 1),
  prefix: () => [mine.set("k", "v"), mine.get("k")?.text(), sharedData.get("mine:k")?.text(), sharedData.get("k") ?? null],
  "bad-version": () => [0, -1, 1.5, 2 ** 32].map((version) => failure(() => sharedData.set("k", "v", { version }))),
  "bad-json": () => [failure(() => sharedData.setJson("k", undefined)), failure(() => sharedData.get("bytes")?.json())],
  "bad-async": () => failure(() => sharedData.update("k", (() => Promise.resolve("x")) as unknown as () => string)),
  "bad-text": () => {
    sharedData.set("bad", Uint8Array.of(0x61, 0xff));
    return sharedData.get("bad")?.text();
  },
  large: () => {
    sharedData.set("large", "x".repeat(3_000_000));
    return sharedData.get("large")?.text().length;
  },
  enqueue: (text) => resolveSharedQueue("jobs", { vmId: "receivers" })?.enqueue(text) ?? "sent",
  loop: (text) => resolveSharedQueue("loop", { vmId: "receivers" })?.enqueue(text) ?? "sent",
  unknown: () => [
    resolveSharedQueue("nobody") ?? null,
    resolveSharedQueue("jobs") ?? null,
    failure(() => proxy_enqueue_shared_queue(999, "x")),
    failure(() => proxy_dequeue_shared_queue(999)) ?? null,
    failure(() => resolveSharedQueue("")),
  ],
  own: () => {
    own ??= registerSharedQueue("own");
    own.enqueue("one");
    own.enqueue(Uint8Array.of(0xff, 0));
    own.enqueue("");
    const items = [own.dequeue(), own.dequeue(), own.dequeue(), own.dequeue()];
    return [items.map((item) => (item === undefined ? null : [...item])), resolveSharedQueue("own")?.id === own.id];
  },
};

async function consume(queue: SharedQueue): Promise<void> {
  for await (const item of queue) {
    const text = decodeUtf8(item);
    log.info("loop: " + text);
    await Promise.resolve();
    if (text === "stop") break;
  }
  log.info("loop: over");
}

export default defineFilter({
  config: (json) => json as { receiver?: boolean } | undefined,
  setup({ config }) {
    if (config?.receiver !== true) return;
    const jobs = registerSharedQueue("jobs");
    jobs.enqueue("before the handler");
    jobs.onItem((item) => {
      const text = decodeUtf8(item);
      log.info("job: " + text);
      if (text === "throw") throw new Error("on purpose");
      return text === "reject" ? Promise.reject(new Error("later")) : undefined;
    });
    log.info(JSON.stringify(failure(() => jobs.onItem(() => undefined))));
    void consume(registerSharedQueue("loop"));
  },
  async onRequestHeaders(request) {
    const [, name = "", text = ""] = request.path.split("/");
    const action = actions[name];
    if (action === undefined) return undefined;
    await Promise.resolve();
    return new Response(JSON.stringify(action(text)));
  },
});
`;

let module: BuiltModule;
let filter: RunningFilter;

beforeAll(async () => {
  module = await buildModule(FILTER);
  filter = await startFilter(module.wasm, {
    filters: [{ wasm: module.wasm, name: "receiver", vmId: "receivers", config: { receiver: true } }],
  });
});

afterAll(async () => {
  await filter[Symbol.asyncDispose]();
  await module[Symbol.asyncDispose]();
});

async function run(path: string): Promise<unknown> {
  const response = await fetch(`${filter.url}/${path}`);
  expect(response.status).toBe(200);
  return response.json();
}

describe("shared data", () => {
  test("are read and written as text, bytes and JSON", async () => {
    expect(await run("get/key")).toBeNull();
    expect(await run("set/hello")).toBe(true);
    expect(await run("get/key")).toBe("hello");
    expect(await run("bytes")).toEqual([[0, 255, 128], "number"]);
    expect(await run("json")).toEqual([true, { list: [1, "ä"] }]);
  });

  test("may be empty, and so may the key", async () => {
    expect(await run("empty")).toEqual([true, 0, true, "no name"]);
  });

  test("hold megabytes", async () => {
    expect(await run("large")).toBe(3_000_000);
  });

  test("a version writes what was read, or nothing; a missing key is written with any", async () => {
    expect(await run("versions")).toEqual([true, false, "2"]);
    expect(await run("missing-with-version")).toEqual([true, "x"]);
  });

  test("create writes once, also against one who is faster", async () => {
    expect(await run("create")).toEqual([true, false, "first"]);
    expect(await run("create-race")).toEqual([true, false, "a"]);
  });

  test("update tries again when somebody else has written", async () => {
    expect(await run("update")).toEqual([[null, "meddled 1", "meddled 2"], "done", "done"]);
    expect(await run("update-nothing")).toEqual([null, null]);
    expect(await run("conflict")).toEqual([
      "SharedDataConflictError",
      expect.stringContaining('sharedData.update("c"): somebody else wrote this key during each of 3 attempts'),
    ]);
    expect(await run("conflict-class")).toBe(true);
  });

  test("updateJson counts requests that come at once", async () => {
    const counts = await Promise.all(Array.from({ length: 20 }, () => run("count")));
    expect(counts.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
  });

  test("a prefix keeps keys apart", async () => {
    expect(await run("prefix")).toEqual([true, "v", "v", null]);
  });

  test("wrong uses are refused before the host hears of them", async () => {
    const versions = (await run("bad-version")) as string[][];
    expect(versions.map(([name]) => name)).toEqual(["RangeError", "RangeError", "RangeError", "RangeError"]);
    expect(versions[0]?.[1]).toBe("sharedData.set: the version must be one that get() has returned, not 0");
    expect(await run("bad-json")).toEqual([
      ["TypeError", "sharedData: a value of type undefined is no JSON"],
      ["SyntaxError", expect.any(String)],
    ]);
    expect(await run("bad-async")).toEqual(["TypeError", expect.stringContaining("must not be async")]);
    expect(await run("bad-text")).toBe("a\ufffd");
  });
});

describe("shared queues", () => {
  test("hold items in order, empty and binary ones too", async () => {
    expect(await run("own")).toEqual([[[111, 110, 101], [255, 0], [], null], true]);
  });

  test("an unknown queue is undefined, and an id that nobody has is an error", async () => {
    expect(await run("unknown")).toEqual([
      null,
      null,
      ["HostError", expect.stringContaining("NotFound"), "proxy_enqueue_shared_queue", 1],
      ["HostError", expect.stringContaining("NotFound"), "proxy_dequeue_shared_queue", 1],
      ["TypeError", "a shared queue needs a name"],
    ]);
  });

  test("onItem is given what another VM sends, and what was there before", async () => {
    await filter.envoy.waitForFilterLog(/job: before the handler/);
    for (const text of ["throw", "reject", "last"]) {
      expect(await run(`enqueue/${text}`)).toBe("sent");
    }
    await filter.envoy.waitForFilterLog(/job: last/);
    const lines = filter.envoy.filterLog().join("\n");
    expect(lines).toMatch(/uncaught error in a queue's onItem: Error: on purpose/);
    expect(lines).toMatch(/uncaught error in a queue's onItem: Error: later/);
    expect(lines).toMatch(/the queue \\"jobs\\" has a handler/);
  });

  test("a for await loop takes items until it ends", async () => {
    for (const text of ["a", "b", "stop", "c"]) {
      await run(`loop/${text}`);
    }
    await filter.envoy.waitForFilterLog(/loop: over/);
    const loop = filter.envoy.filterLog().filter((line) => line.includes("loop: "));
    expect(loop.map((line) => line.replace(/.*loop: /, ""))).toEqual(["a", "b", "stop", "over"]);
  });
});
