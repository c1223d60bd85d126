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
}, 240_000);

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
const BROKEN: readonly { readonly of: (good: PluginSetup) => PluginSetup; readonly says: string }[] = [
  {
    of: (good) => ({ ...good, config: { mark: "bad", password: SECRET } }),
    says: ENVOY_ERRORS["a refused configuration"],
  },
  { of: (good) => ({ ...good, config: `{"password": ${SECRET}}` }), says: "it is not JSON" },
  { of: (good) => ({ ...good, wasm: folder.path("text.wasm") }), says: ENVOY_ERRORS["no module"] },
  { of: (good) => ({ ...good, wasm: folder.path("odd.wasm") }), says: ENVOY_ERRORS["a missing import"] },
];

interface Updating extends AsyncDisposable {
  readonly envoy: Envoy;
  readonly url: string;
  change(plugin: PluginSetup): Promise<Outcome>;
}

function updating(envoy: Envoy, change: Updating["change"]): Updating {
  return { envoy, url: envoy.url, change, [Symbol.asyncDispose]: () => envoy[Symbol.asyncDispose]() };
}

/** Connections of a listener that was replaced are closed after an answer from then on. */
const DRAIN_S = 60;

/** The ways in which a plugin is sent; each starts an Envoy with a first one. */
const WAYS: Readonly<Record<"LDS" | "ECDS", (first: PluginSetup) => Promise<Updating>>> = {
  LDS: async (first) => {
    const file = listenersFile(folder.path("lds/lds.json"));
    const resources = (one: PluginSetup) => [listenerResource(listener(one))];
    await file.write(resources(first));
    const envoy = await runEnvoy(discoveringBootstrap({ listeners: [], upstream: upstream.url }, file), {
      drainSeconds: DRAIN_S,
    });
    return updating(envoy, (next) => file.change(envoy, resources(next)));
  },
  ECDS: async (first) => {
    const file = filterFile(folder.path("ecds/ecds.json"), "plugin");
    const resources = (one: PluginSetup) => [filterResource("plugin", one)];
    await file.write(resources(first));
    const listeners = [listener({ firstFilters: [discoveredFilter("plugin", file)] })];
    const envoy = await runEnvoy(discoveringBootstrap({ listeners, upstream: upstream.url }));
    return updating(envoy, (next) => file.change(envoy, resources(next)));
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

describe.each(POLICIES)("with the failure policy %s", (policy) => {
  test.each(Object.entries(WAYS))(
    "by %s: what cannot run is refused, the plugin before stays, and no request is lost",
    async (_way, start) => {
      await using updating = await start(plugin("one", policy));
      for (const { of, says } of BROKEN) {
        const answers = await answersDuring(updating.url, async () => {
          expect(await updating.change(of(plugin("one", policy)))).toBe("refused");
        });
        expect(answers).toEqual(new Set(["200 one"]));
        await expect.poll(() => updating.envoy.logs()).toContain(says);
      }
      // Nothing of it is left in the way of the next good one.
      const answers = await answersDuring(updating.url, async () => {
        expect(await updating.change(plugin("two", policy))).toBe("taken");
        await expect.poll(async () => (await fetch(updating.url)).headers.get("x-mark")).toBe("two");
      });
      expect(answers).toEqual(new Set(["200 one", "200 two"]));
      expect(updating.envoy.logs()).not.toContain(SECRET);
    },
  );

  test("by LDS: of a new plugin that cannot run there is no listener, and the others serve", async () => {
    const file = listenersFile(folder.path("lds/lds.json"));
    const good = listenerResource(listener(plugin("good", policy), "good"));
    await file.write([good]);
    await using envoy = await runEnvoy(discoveringBootstrap({ listeners: [], upstream: upstream.url }, file));
    for (const { of, says } of BROKEN) {
      const bad = listenerResource(listener(of(plugin("bad", policy)), "bad"));
      expect(await file.change(envoy, [good, bad])).toBe("refused");
      await expect.poll(() => envoy.logs()).toContain(says);
      const listeners = (await (await fetch(`${envoy.admin}/listeners`)).text()).trim().split("\n");
      expect(listeners).toEqual([expect.stringMatching(/^good::/)]);
      expect((await fetch(envoy.url)).headers.get("x-mark")).toBe("good");
    }
  });

  test("by ECDS: of a new plugin that cannot run each request is answered with 500", async () => {
    const [first, ...others] = BROKEN.map(({ of }) => of(plugin("bad", policy)));
    await using updating = await WAYS.ECDS(first ?? plugin("good", policy));
    const before = upstream.requests.length;
    expect((await fetch(updating.url)).status).toBe(500);
    for (const other of others) {
      expect(await updating.change(other)).toBe("refused");
      expect((await fetch(updating.url)).status).toBe(500);
    }
    expect(upstream.requests).toHaveLength(before);
    for (const { says } of BROKEN) {
      expect(updating.envoy.logs()).toContain(says);
    }
    expect(await updating.change(plugin("good", policy))).toBe("taken");
    await expect.poll(async () => (await fetch(updating.url)).headers.get("x-mark")).toBe("good");
  });

  test("while a filter's last configuration is one that was refused, Envoy refuses new listeners with it", async () => {
    const [listeners, filters] = [
      listenersFile(folder.path("lds/lds.json")),
      filterFile(folder.path("ecds/ecds.json"), "plugin"),
    ];
    const resources = (delayedCloseMs: number) => [
      listenerResource(listener({ firstFilters: [discoveredFilter("plugin", filters)], delayedCloseMs })),
    ];
    const filter = (setup: PluginSetup) => [filterResource("plugin", setup)];
    await listeners.write(resources(1000));
    await filters.write(filter(plugin("one", policy)));
    await using envoy = await runEnvoy(discoveringBootstrap({ listeners: [], upstream: upstream.url }, listeners));
    const answers = await answersDuring(envoy.url, async () => {
      const bad = { ...plugin("one", policy), config: { mark: "bad", password: SECRET } };
      expect(await filters.change(envoy, filter(bad))).toBe("refused");
      expect(await listeners.change(envoy, resources(2000))).toBe("refused");
    });
    expect(answers).toEqual(new Set(["200 one"]));
    expect(await filters.change(envoy, filter(plugin("two", policy)))).toBe("taken");
    expect(await listeners.change(envoy, resources(3000))).toBe("taken");
  });
});
