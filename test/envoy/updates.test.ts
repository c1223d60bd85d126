/**
 * What becomes of traffic when Envoy is sent something that cannot run while it serves: a listener from a file (LDS), or a single HTTP
 * filter (ECDS, as istiod sends plugins).
 */

import { writeFile } from "node:fs/promises";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { listener } from "../../build/envoy/bootstrap.ts";
import type { PluginSetup } from "../../build/envoy/bootstrap.ts";
import { buildModule } from "../build-filter.ts";
import type { BuiltModule } from "../build-filter.ts";
import { tempProject } from "../temp-project.ts";
import type { TempProject } from "../temp-project.ts";
import { tinyModule } from "../wasm/host-abi/tiny-module.ts";
import {
  discoveredFilter,
  discoveringBootstrap,
  filterFile,
  filterResource,
  listenerResource,
  listenersFile,
} from "./discovery.ts";
import type { Outcome } from "./discovery.ts";
import { runEnvoy } from "./envoy.ts";
import type { Envoy } from "./envoy.ts";
import { ENVOY_ERRORS } from "./quotes.ts";
import { startUpstream } from "./upstream.ts";
import type { Upstream } from "./upstream.ts";

const FILTER = `
import { defineFilter } from "proxy-wasm-ts";

export default defineFilter({
  config(json) {
    const { mark, ...others } = json as { mark: string };
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) throw new TypeError("unknown field " + unknown);
    return { mark };
  },
  onResponseHeaders(response, { config }) {
    response.headers.set("x-mark", config.mark);
  },
});
`;

const SECRET = "hunter2-in-the-configuration";

let module: BuiltModule;
let folder: TempProject;
let upstream: Upstream;

beforeAll(async () => {
  module = await buildModule(FILTER);
  folder = await tempProject({ "text.wasm": "hello", "lds/.keep": "", "ecds/.keep": "" });
  const teleport = `(import "env" "proxy_teleport" (func $teleport))`;
  await writeFile(folder.path("odd.wasm"), tinyModule({ on: {}, imports: [teleport] }));
  upstream = await startUpstream();
}, 120_000);

afterAll(async () => {
  await upstream[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
  await module[Symbol.asyncDispose]();
});

type Policy = PluginSetup["failurePolicy"];

const POLICIES: readonly Policy[] = [undefined, "FAIL_OPEN", "FAIL_RELOAD"];

const plugin = (mark: string, failurePolicy: Policy): PluginSetup => ({
  wasm: module.wasm,
  config: { mark },
  failurePolicy,
});

/** What cannot run, and what Envoy's log says of it. */
const BROKEN: Readonly<Record<string, (good: PluginSetup) => PluginSetup & { readonly says: string }>> = {
  "a configuration that the filter refuses": (good) => ({
    ...good,
    config: { mark: "bad", password: SECRET },
    says: ENVOY_ERRORS["a refused configuration"],
  }),
  "a file that is no module": (good) => ({
    ...good,
    wasm: folder.path("text.wasm"),
    says: ENVOY_ERRORS["no module"],
  }),
  "a module with an import that Envoy does not have": (good) => ({
    ...good,
    wasm: folder.path("odd.wasm"),
    says: ENVOY_ERRORS["a missing import"],
  }),
};

interface Updating extends AsyncDisposable {
  readonly envoy: Envoy;
  readonly url: string;
  change(plugin: PluginSetup): Promise<Outcome>;
}

/** The ways in which a plugin is sent; each starts an Envoy with a first one. */
const WAYS: Readonly<Record<string, (first: PluginSetup) => Promise<Updating>>> = {
  LDS: async (first) => {
    const file = listenersFile(folder.path("lds/lds.json"));
    const resources = (one: PluginSetup) => [listenerResource(listener(one))];
    await file.write(resources(first));
    const envoy = await runEnvoy(discoveringBootstrap({ listeners: [], upstream: upstream.url }, file));
    return {
      envoy,
      url: envoy.url,
      change: (next) => file.change(envoy, resources(next)),
      [Symbol.asyncDispose]: () => envoy[Symbol.asyncDispose](),
    };
  },
  ECDS: async (first) => {
    const file = filterFile(folder.path("ecds/ecds.json"), "plugin");
    const resources = (one: PluginSetup) => [filterResource("plugin", one)];
    await file.write(resources(first));
    const listeners = [listener({ firstFilters: [discoveredFilter("plugin", file)] })];
    const envoy = await runEnvoy(discoveringBootstrap({ listeners, upstream: upstream.url }));
    return {
      envoy,
      url: envoy.url,
      change: (next) => file.change(envoy, resources(next)),
      [Symbol.asyncDispose]: () => envoy[Symbol.asyncDispose](),
    };
  },
};

const CLIENTS = 4;

/** The answers, each as its status and its mark, of requests that go on all the time, and for some more when `run` has ended. */
async function answersDuring(url: string, run: () => Promise<void>): Promise<ReadonlySet<string>> {
  const answers: string[] = [];
  let enough = Infinity;
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (answers.length < enough) {
      const { status, headers } = await fetch(url);
      answers.push(`${status} ${String(headers.get("x-mark"))}`);
    }
  });
  try {
    await run();
  } finally {
    enough = answers.length + 40;
    await Promise.all(clients);
  }
  return new Set(answers);
}

describe.each(Object.entries(WAYS))("by %s", (_way, start) => {
  describe.each(POLICIES)("with the failure policy %s", (policy) => {
    test("what cannot run is refused, the plugin before stays, and no request is lost", async () => {
      await using updating = await start(plugin("one", policy));
      for (const broken of Object.values(BROKEN)) {
        const { says, ...bad } = broken(plugin("one", policy));
        const answers = await answersDuring(updating.url, async () => {
          expect(await updating.change(bad)).toBe("refused");
        });
        expect(answers).toEqual(new Set(["200 one"]));
        await expect.poll(() => updating.envoy.logs()).toContain(says);
      }
      // And nothing of it is left in the way of the next good one.
      const answers = await answersDuring(updating.url, async () => {
        expect(await updating.change(plugin("two", policy))).toBe("taken");
        await expect.poll(async () => (await fetch(updating.url)).headers.get("x-mark")).toBe("two");
      });
      expect([...answers].filter((answer) => !answer.startsWith("200 "))).toEqual([]);
      expect(updating.envoy.logs()).not.toContain(SECRET);
    });
  });
});

describe.each(POLICIES)("a new plugin that cannot run, with the failure policy %s", (policy) => {
  test.each(Object.keys(BROKEN))("by LDS there is no such listener, and the others serve: %s", async (name) => {
    const file = listenersFile(folder.path("lds/lds.json"));
    const good = listenerResource(listener(plugin("good", policy), "good"));
    await file.write([good]);
    await using envoy = await runEnvoy(discoveringBootstrap({ listeners: [], upstream: upstream.url }, file));
    const { says, ...bad } = BROKEN[name]?.(plugin("bad", policy)) ?? { says: "", ...plugin("bad", policy) };
    expect(await file.change(envoy, [good, listenerResource(listener(bad, "bad"))])).toBe("refused");
    await expect.poll(() => envoy.logs()).toContain(says);
    const listeners = (await (await fetch(`${envoy.admin}/listeners`)).text()).trim().split("\n");
    expect(listeners).toEqual([expect.stringMatching(/^good::/)]);
    expect((await fetch(envoy.url)).headers.get("x-mark")).toBe("good");
  });

  test.each(Object.keys(BROKEN))("by ECDS every request is answered with 500: %s", async (name) => {
    const { says, ...bad } = BROKEN[name]?.(plugin("bad", policy)) ?? { says: "", ...plugin("bad", policy) };
    const start = WAYS["ECDS"];
    await using updating = await start?.(bad);
    const url = updating?.url ?? "";
    await expect.poll(() => updating?.envoy.logs()).toContain(says);
    const before = upstream.requests.length;
    expect([(await fetch(url)).status, (await fetch(url)).status]).toEqual([500, 500]);
    expect(upstream.requests).toHaveLength(before);
    // A good one after it is taken.
    expect(await updating?.change(plugin("good", policy))).toBe("taken");
    await expect.poll(async () => (await fetch(url)).headers.get("x-mark")).toBe("good");
  });
});

test("while the last configuration of a filter is one that was refused, Envoy refuses new listeners with that filter, too", async () => {
  const [listeners, filters] = [
    listenersFile(folder.path("lds/lds.json")),
    filterFile(folder.path("ecds/ecds.json"), "plugin"),
  ];
  const resources = (delayedCloseMs: number) => [
    listenerResource(listener({ firstFilters: [discoveredFilter("plugin", filters)], delayedCloseMs })),
  ];
  const { says: _says, ...bad } = BROKEN["a configuration that the filter refuses"]?.(plugin("one", undefined)) ?? {
    says: "",
    ...plugin("one", undefined),
  };
  await listeners.write(resources(1000));
  await filters.write([filterResource("plugin", plugin("one", undefined))]);
  await using envoy = await runEnvoy(discoveringBootstrap({ listeners: [], upstream: upstream.url }, listeners));
  const answers = await answersDuring(envoy.url, async () => {
    expect(await filters.change(envoy, [filterResource("plugin", bad)])).toBe("refused");
    expect(await listeners.change(envoy, resources(2000))).toBe("refused");
  });
  expect(answers).toEqual(new Set(["200 one"]));
  expect(await filters.change(envoy, [filterResource("plugin", plugin("two", undefined))])).toBe("taken");
  expect(await listeners.change(envoy, resources(3000))).toBe("taken");
});
