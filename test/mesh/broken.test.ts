/** What the client sees, and what is logged, when a plugin cannot run. */

import { setTimeout as sleep } from "node:timers/promises";

import { describe, expect, test } from "vitest";

import { FETCH_ERRORS } from "../images/quotes.ts";
import { jumpFilter, pushModule } from "./images.ts";
import { startLoad } from "./load.ts";
import { Log, request, requestUntil } from "./mesh.ts";
import { hasMark, isWithoutPlugin, MARK, testPlugin } from "./plugin.ts";
import type { Plugin } from "./plugin.ts";
import { MESH_LOGS } from "./quotes.ts";

const failStrategy = {
  open: ["--fail-strategy", "FAIL_OPEN"],
  close: ["--fail-strategy", "FAIL_CLOSE"],
  reload: ["--fail-strategy", "FAIL_RELOAD"],
} as const;

/** Longer than istiod takes to tell the proxies. */
const PUSH_MS = 1000;

const DENIED = { status: 403, body: "RBAC: access denied" };
const NO_PLUGIN = { status: 500, body: "" };

/** A plugin that cannot run, and what the gateway's log says of it. */
interface Broken {
  /** @param name - of its image */
  readonly prepare: (name: string) => Promise<Plugin>;
  readonly log: string;
}

/** What the agent cannot fetch. */
const UNFETCHABLE: Readonly<Record<string, Broken>> = {
  "an unknown tag": {
    prepare: (name) => Promise.resolve({ image: `${name}:unknown` }),
    log: FETCH_ERRORS["an unknown tag"],
  },
  "no registry": {
    prepare: (name) => Promise.resolve({ image: `${name}:v1`, registry: "localhost:5999" }),
    log: FETCH_ERRORS["nobody there"],
  },
  "another digest": {
    prepare: async (name) => {
      await pushModule(`${name}:v1`, await jumpFilter());
      return { image: `${name}:v1`, options: ["--sha256", "0".repeat(64)] };
    },
    log: FETCH_ERRORS["a wrong checksum"],
  },
  "an image without a module": {
    prepare: async (name) => {
      await pushModule(`${name}:v1`, Buffer.from("#!/bin/sh\n"));
      return { image: `${name}:v1` };
    },
    log: FETCH_ERRORS["no module"],
  },
};

describe.each(Object.entries(UNFETCHABLE))("%s", (title, { prepare, log }) => {
  const name = title.replaceAll(" ", "-");

  test("FAIL_OPEN: requests go on without the plugin", async () => {
    const gateway = await Log.follow("gateway");
    const broken = await prepare(`${name}-open`);
    const load = startLoad();
    await using plugin = await testPlugin();
    await plugin.apply({ ...broken, options: [...(broken.options ?? []), ...failStrategy.open] });

    const line = await gateway.waitFor(log);
    expect(line).toContain(MESH_LOGS["not fetched"]);
    expect(line).toContain(MESH_LOGS.FAIL_OPEN);
    const soFar = load.answers.length;
    await requestUntil(() => load.answers.length > soFar + 100, "among many");
    await load.stop();
    expect(new Set(load.answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(load.answers.map(({ headers }) => headers[MARK]))).toEqual(new Set([undefined]));
  });

  // The agent, which fetches, does not try again either: what is reloaded is a module that ran.
  test.each(["close", "reload"] as const)("fail %s: requests are denied", async (strategy) => {
    const gateway = await Log.follow("gateway");
    const access = await Log.follow("access");
    const broken = await prepare(`${name}-${strategy}`);
    await using plugin = await testPlugin();
    await plugin.apply({ ...broken, options: [...(broken.options ?? []), ...failStrategy[strategy]] });

    const line = await gateway.waitFor(log);
    expect(line).toContain(MESH_LOGS["not fetched"]);
    expect(line).toContain(MESH_LOGS.FAIL_CLOSE);
    expect(await requestUntil(({ status }) => status !== 200, "an error")).toMatchObject(DENIED);
    await access.waitFor(MESH_LOGS.denied);
  });
});

/** What Envoy refuses when it has been fetched. */
const REFUSED: Readonly<Record<string, Broken>> = {
  "a module that is cut off": {
    prepare: async (name) => {
      const wasm = await jumpFilter();
      await pushModule(`${name}:v1`, wasm.subarray(0, wasm.length / 2));
      return { image: `${name}:v1` };
    },
    log: MESH_LOGS["a module that is cut off"],
  },
  "a configuration that the filter refuses": {
    prepare: async (name) => {
      await pushModule(`${name}:v1`, await jumpFilter());
      return { image: `${name}:v1`, config: { clutser: "back-python" } };
    },
    log: MESH_LOGS["a refused configuration"],
  },
};

describe.each(Object.entries(REFUSED))("%s", (title, { prepare, log }) => {
  const name = title.replaceAll(" ", "-");

  test.each(["open", "close", "reload"] as const)("fail %s: every request is answered with 500", async (strategy) => {
    const gateway = await Log.follow("gateway");
    const istiod = await Log.follow("istiod");
    const access = await Log.follow("access");
    const broken = await prepare(`${name}-${strategy}`);
    await using plugin = await testPlugin();
    await plugin.apply({ ...broken, options: failStrategy[strategy] });

    await gateway.waitFor(log);
    await gateway.waitFor(MESH_LOGS["a plugin that Envoy refuses"]);
    expect(await istiod.waitFor(MESH_LOGS["refused by a proxy"])).toContain(broken.image.replace(":v1", ""));
    expect(await requestUntil(({ status }) => status !== 200, "an error")).toMatchObject(NO_PLUGIN);
    await access.waitFor(MESH_LOGS["no plugin"]);
  });
});

test("a configuration that the filter refuses leaves the one before in place", async () => {
  const image = "stays:v1";
  await pushModule(image, await jumpFilter());
  await using plugin = await testPlugin();
  await plugin.apply({ image });
  await requestUntil(hasMark("200"), "one of the plugin");

  const istiod = await Log.follow("istiod");
  const load = startLoad();
  await plugin.apply({ image, config: { clutser: "back-python" } });
  await istiod.waitFor(MESH_LOGS["refused by a proxy"]);
  expect(await request()).toMatchObject({ status: 200, headers: { [MARK]: "200" } });
  await load.stop();
  expect(new Set(load.answers.map(({ status, headers }) => `${status} ${String(headers[MARK])}`))).toEqual(
    new Set(["200 200"]),
  );
});

test("an image that cannot be fetched takes the place of the one before: FAIL_CLOSE denies", async () => {
  await pushModule("replaced:v1", await jumpFilter());
  await using plugin = await testPlugin();
  await plugin.apply({ image: "replaced:v1", options: failStrategy.close });
  await requestUntil(hasMark("200"), "one of the plugin");

  await plugin.apply({ image: "replaced:v2", options: failStrategy.close });
  expect(await requestUntil(({ status }) => status !== 200, "an error")).toMatchObject(DENIED);
  await plugin.apply({ image: "replaced:v1", options: failStrategy.close });
  await requestUntil(hasMark("200"), "one of the plugin");
});

test("labels that no workload has: istiod takes the plugin, and no proxy hears of it", async () => {
  const istiod = await Log.follow("istiod");
  const gateway = await Log.follow("gateway");
  await pushModule("nowhere:v1", await jumpFilter());
  await using plugin = await testPlugin();
  await plugin.apply({ image: "nowhere:v1", selector: "istio=egressgateway" });
  await istiod.waitFor("for config TrafficExtension/istio-system/nowhere~istio-translated-wasmplugin");
  await sleep(PUSH_MS);
  expect(await gateway.text()).not.toContain("fetching image nowhere");
  expect(isWithoutPlugin(await request())).toBe(true);
  await plugin.apply({ image: "nowhere:v1" });
  await requestUntil(hasMark("200"), "one of the plugin");
});
