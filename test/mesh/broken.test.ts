/** What the client sees, and what is logged, when a plugin cannot run. docs/DEPLOY.md quotes these lines. */

import { describe, expect, test } from "vitest";

import { pushModule, pushText } from "./images.ts";
import { startLoad } from "./load.ts";
import { Log, request, requestUntil } from "./mesh.ts";
import { testPlugin, hasMark, MARK } from "./plugin.ts";
import type { Plugin } from "./plugin.ts";

const open = ["--fail-strategy", "FAIL_OPEN"];
const close = ["--fail-strategy", "FAIL_CLOSE"];

const DENIED = { status: 403, body: "RBAC: access denied" };
const NO_PLUGIN = { status: 500, body: "" };

/** A module that the agent cannot fetch, and how its log says so. */
interface Unfetchable {
  readonly prepare: (name: string) => Promise<Plugin>;
  readonly log: RegExp;
}

const UNFETCHABLE: Readonly<Record<string, Unfetchable>> = {
  "an unknown tag": {
    prepare: (name) => Promise.resolve({ image: `${name}:unknown` }),
    log: /could not fetch Wasm OCI image: could not fetch manifest: GET .*\/manifests\/unknown: MANIFEST_UNKNOWN: manifest unknown; unknown tag=unknown\./,
  },
  "no registry": {
    prepare: (name) => Promise.resolve({ image: `${name}:v1`, registry: "localhost:5999" }),
    log: /could not fetch manifest: Get "https:\/\/localhost:5999\/v2\/": dial tcp 127\.0\.0\.1:5999: connect: connection refused; /,
  },
  "another digest": {
    prepare: async (name) => {
      await pushModule(`${name}:v1`);
      return { image: `${name}:v1`, options: ["--sha256", "0".repeat(64)] };
    },
    log: /module downloaded from oci:.* has checksum [0-9a-f]{64}, which does not match: 0{64}\./,
  },
  "an image without a module": {
    prepare: async (name) => {
      await pushText(`${name}:v1`, "This is no module.\n");
      return { image: `${name}:v1` };
    },
    log: /fetched Wasm binary from oci:\/\/localhost:5000\/[\w-]+:v1 is invalid\./,
  },
};

describe.each(Object.entries(UNFETCHABLE))("%s", (title, { prepare, log }) => {
  const name = title.replaceAll(" ", "-");

  test("FAIL_OPEN: requests go on without the plugin", async () => {
    const gateway = await Log.follow("gateway");
    const broken = await prepare(`${name}-open`);
    const load = startLoad();
    await using plugin = await testPlugin();
    await plugin.apply({ ...broken, options: [...(broken.options ?? []), ...open] });
    const line = await gateway.waitFor(log);
    expect(line).toContain("error in converting the wasm config to local: cannot fetch Wasm module");
    expect(line).toMatch(/ applying allow RBAC filter$/);
    const soFar = load.answers.length;
    await requestUntil(() => load.answers.length > soFar + 100, "among many");
    await load.stop();
    expect(new Set(load.answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(load.answers.map(({ headers }) => headers[MARK]))).toEqual(new Set([undefined]));
  });

  test("FAIL_CLOSE: requests are denied", async () => {
    const gateway = await Log.follow("gateway");
    const access = await Log.follow("access");
    const broken = await prepare(`${name}-close`);
    await using plugin = await testPlugin();
    await plugin.apply({ ...broken, options: [...(broken.options ?? []), ...close] });
    expect(await gateway.waitFor(log)).toMatch(/ applying deny RBAC filter$/);
    expect(await requestUntil(({ status }) => status !== 200, "an error")).toMatchObject(DENIED);
    await access.waitFor(/"GET \/jump HTTP\/1\.1" 403 - rbac_access_denied_matched_policy\[none\] /);
  });
});

/** What Envoy refuses when it has been fetched, and how Envoy's log says so. */
const REFUSED: Readonly<Record<string, Unfetchable>> = {
  "a module that is cut off": {
    prepare: async (name) => {
      await pushText(`${name}:v1`, "\0asm\u0001\0\0\0\u0001");
      return { image: `${name}:v1` };
    },
    log: /Wasm VM failed Failed to load Wasm code/,
  },
  "a configuration that the filter refuses": {
    prepare: async (name) => {
      await pushModule(`${name}:v1`);
      return { image: `${name}:v1`, config: { clutser: "back-python" } };
    },
    log: /wasm log: the plugin configuration was refused: unknown field "clutser"; there are cluster, /,
  },
};

describe.each(Object.entries(REFUSED))("%s", (title, { prepare, log }) => {
  const name = title.replaceAll(" ", "-");

  test.each([
    ["FAIL_OPEN", open],
    ["FAIL_CLOSE", close],
  ])("%s: every request is answered with 500, since the plugin was never there", async (strategy, options) => {
    const gateway = await Log.follow("gateway");
    const istiod = await Log.follow("istiod");
    const access = await Log.follow("access");
    const broken = await prepare(`${name}-${strategy.slice("FAIL_".length).toLowerCase()}`);
    await using plugin = await testPlugin();
    await plugin.apply({ ...broken, options });
    await gateway.waitFor(log);
    await gateway.waitFor(/Plugin istio-system\.[\w-]+~istio-translated-wasmplugin failed to load/);
    await istiod.waitFor(/ADS:ECDS: ACK ERROR .* Internal:Unable to create Wasm plugin istio-system\./);
    expect(await requestUntil(({ status }) => status !== 200, "an error")).toMatchObject(NO_PLUGIN);
    // No filter configuration found.
    await access.waitFor(/"GET \/jump HTTP\/1\.1" 500 NFCF /);
  });
});

test("a configuration that the filter refuses leaves the one before in place", async () => {
  const image = "stays:v1";
  await pushModule(image);
  await using plugin = await testPlugin();
  await plugin.apply({ image, options: close });
  await requestUntil(hasMark("200"), "one of the plugin");

  const istiod = await Log.follow("istiod");
  const load = startLoad();
  await plugin.apply({ image, options: close, config: { clutser: "back-python" } });
  await istiod.waitFor(/ADS:ECDS: ACK ERROR .* Internal:Unable to create Wasm plugin istio-system\.stays/);
  expect(await request()).toMatchObject({ status: 200, headers: { [MARK]: "200" } });
  await load.stop();
  expect(new Set(load.answers.map(({ status, headers }) => `${status} ${String(headers[MARK])}`))).toEqual(
    new Set(["200 200"]),
  );
});

test("an image that cannot be fetched takes the place of the one before: FAIL_CLOSE denies", async () => {
  await pushModule("replaced:v1");
  await using plugin = await testPlugin();
  await plugin.apply({ image: "replaced:v1", options: close });
  await requestUntil(hasMark("200"), "one of the plugin");

  await plugin.apply({ image: "replaced:v2", options: close });
  expect(await requestUntil(({ status }) => status !== 200, "an error")).toMatchObject(DENIED);
  await plugin.apply({ image: "replaced:v1", options: close });
  await requestUntil(hasMark("200"), "one of the plugin");
});
