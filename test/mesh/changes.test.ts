/** What becomes of requests, and of the module, when a plugin that runs is changed. */

import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

import { expect, test } from "vitest";

import { buildOwnFilter } from "../build-filter.ts";
import { jumpFilter, pushModule } from "./images.ts";
import { startLoad } from "./load.ts";
import { Log, request, requestUntil, runKubectl } from "./mesh.ts";
import { testPlugin, hasMark, isWithoutPlugin, MARK } from "./plugin.ts";

/** A call of back-python that has an answer of its own. */
const OTHER_CALL = { path: "/nowhere" };

/** Istiod waits for 100 ms without a change before it tells the proxies. */
const DEBOUNCE_MS = 1000;

test("a changed configuration is picked up, and no request is lost", async () => {
  await pushModule("new-config:v1", await jumpFilter());
  await using plugin = await testPlugin();
  await plugin.apply({ image: "new-config:v1" });
  await requestUntil(hasMark("200"), "one of the first configuration");

  const load = startLoad();
  await requestUntil(() => load.answers.length > 20, "among many");
  await plugin.apply({ image: "new-config:v1", config: OTHER_CALL });
  await requestUntil(hasMark("404"), "one of the second configuration");
  await load.stop();

  expect(new Set(load.answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set(load.answers.map(({ headers }) => headers[MARK]))).toEqual(new Set(["200", "404"]));
});

test("a deleted plugin is gone, and no request is lost", async () => {
  await pushModule("deleted:v1", await jumpFilter());
  const load = startLoad();
  {
    await using plugin = await testPlugin();
    await plugin.apply({ image: "deleted:v1" });
    await requestUntil(hasMark("200"), "one of the plugin");
  }
  await load.stop();

  expect(new Set(load.answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set(load.answers.map(({ headers }) => headers[MARK]))).toEqual(new Set([undefined, "200"]));
});

test("Always: another image under the same tag is fetched when the manifest changes, and only then", async () => {
  await using second = await buildOwnFilter("test/mesh/filters/second.ts");
  const image = "always:v1";
  const options = ["--pull-policy", "Always"];
  await pushModule(image, await jumpFilter());
  await using plugin = await testPlugin();
  await plugin.apply({ image, options });
  await requestUntil(hasMark("200"), "one of the first image");

  await pushModule(image, await readFile(second.wasm));
  const gateway = await Log.follow("gateway");
  // The same manifest is no change for istiod, an annotation is one.
  await plugin.apply({ image, options });
  await sleep(DEBOUNCE_MS);
  expect(await request()).toMatchObject({ headers: { [MARK]: "200" } });
  expect(await gateway.text()).not.toContain("fetching image");

  await runKubectl("-n", "istio-system", "annotate", "wasmplugin", "always", "pulled=again");
  await gateway.waitFor("fetching image always from registry localhost:5000 with tag v1");
  await requestUntil(hasMark("second"), "one of the second image");
});

test("IfNotPresent: the image that is there stays, whatever its tag means in the registry", async () => {
  await using second = await buildOwnFilter("test/mesh/filters/second.ts");
  const image = "if-not-present:v1";
  const options = ["--pull-policy", "IfNotPresent"];
  await pushModule(image, await jumpFilter());
  await using plugin = await testPlugin();
  await plugin.apply({ image, options });
  await requestUntil(hasMark("200"), "one of the first image");

  await pushModule(image, await readFile(second.wasm));
  await plugin.apply({ image, options, config: OTHER_CALL });
  // The first image's module, with the second configuration.
  await requestUntil(hasMark("404"), "one of the second configuration");

  const digest = await pushModule(image, await jumpFilter());
  expect(isWithoutPlugin(await requestUntil(hasMark("404"), "one of the module that is there"))).toBe(false);
  await plugin.apply({ image: digest, options });
  await requestUntil(hasMark("200"), "one of the image with the digest");
});
