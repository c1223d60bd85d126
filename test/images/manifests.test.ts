/** What `proxy-wasm-ts manifest` prints, before the projects' own definitions of the kinds, and Istio's webhook. See istio/manifests_test.go. */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { beforeAll, describe, expect, test } from "vitest";

import { runCommand } from "../run-command.ts";
import { tempProject } from "../temp-project.ts";
import { GO_TEST_MS, goModuleFolder, goTest } from "./go-test.ts";

const DIGEST = `sha256:${"3f".repeat(32)}`;
const IMAGE = ["--image", "oci://registry.example.com/team/jump:v1"];
const PINNED = ["--image", `oci://registry.example.com/team/jump@${DIGEST}`];
const PLACE = ["--namespace", "shop", "--name", "jump"];
const OF_PLUGIN = ["--root-id", "jump", "--env", "LEVEL=on", "--env", "HOSTNAME"];
const PULL = ["--pull-policy", "Always", "--pull-secret", "registry-login"];
const SELECTOR = ["--selector", "app=shop,version=v2"];
const TARGETS = ["--target-ref", "Gateway/edge", "--target-ref", "Service/cart"];
const ORDER = ["--phase", "AUTHN", "--priority", "10", "--fail-strategy", "FAIL_RELOAD"];
const MATCH = ["--match", "SERVER:8080", "--match", "CLIENT", "--match", "9090"];
const SHA256 = ["--sha256", "ab".repeat(32)];

/** The options of both of Istio's kinds for plugins. */
const ISTIO: Readonly<Record<string, readonly string[]>> = {
  "an image alone": IMAGE,
  everything: [...PINNED, ...PLACE, ...OF_PLUGIN, ...PULL, ...SELECTOR, ...ORDER, ...MATCH, "--config", "config.json"],
  targets: [...IMAGE, ...PLACE, ...TARGETS, ...SHA256],
  "a URL": ["--url", "https://example.com/jump.wasm", ...SHA256],
  "a file": ["--file", "/var/lib/plugins/jump.wasm", "--type", "network"],
};

const CASES: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  wasmplugin: ISTIO,
  trafficextension: ISTIO,
  envoyfilter: {
    "an image alone": IMAGE,
    everything: [
      ...[...PINNED, ...PLACE, ...OF_PLUGIN, ...SELECTOR, ...MATCH, "--fail-strategy", "FAIL_OPEN"],
      ...["--config", "config.json"],
    ],
    targets: [...IMAGE, ...PLACE, "--target-ref", "Gateway/edge", ...SHA256],
    "a URL": ["--url", "https://example.com/jump.wasm", ...SHA256],
    "a file": ["--file", "/var/lib/plugins/jump.wasm", "--fail-strategy", "FAIL_CLOSE"],
  },
  "envoy-gateway": {
    "an image alone": [...IMAGE, "--target-ref", "Gateway/edge"],
    everything: [
      ...[...PINNED, ...PLACE, ...PULL, "--root-id", "jump", "--env", "HOSTNAME", "--fail-strategy", "FAIL_OPEN"],
      ...["--target-ref", "HTTPRoute/cart", "--target-ref", "GRPCRoute/pay", "--config", "config.json"],
    ],
    "a URL": ["--url", "https://example.com/jump.wasm", ...SHA256, "--target-ref", "Gateway/edge"],
  },
};

/** Manifests with a mistake: were one of them accepted, the others would prove nothing. */
const MISTAKES: Readonly<Record<string, readonly [change: (yaml: string) => string, message: RegExp]>> = {
  "a misspelt field": [(yaml) => yaml.replace("imagePullPolicy", "imagePolicy"), /unknown field: spec\.imagePolicy/],
  "another value": [(yaml) => yaml.replace("FAIL_RELOAD", "FAIL_SOFT"), /spec\.failStrategy: Unsupported value/],
  "a checksum that is none": [(yaml) => yaml.replace("spec:", "spec:\n  sha256: 123x"), /spec\.sha256/],
  "labels and targets": [
    (yaml) =>
      yaml.replace("spec:", "spec:\n  targetRefs: [{ kind: Gateway, group: gateway.networking.k8s.io, name: a }]"),
    /only one of targetRefs or selector can be set/,
  ],
  "a port twice": [
    (yaml) => yaml.replace("- number: 8080", "- number: 8080\n        - number: 8080"),
    /Duplicate value: \{"number":8080\}/,
  ],
  "another scheme": [(yaml) => yaml.replace("oci://", "ftp://"), /url must have schema one of/],
};

let outcomes: Readonly<Record<string, readonly string[]>>;

async function printed(args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await runCommand(["manifest", ...args]);
  expect(status, stderr).toBe(0);
  return stdout;
}

async function definitions(): Promise<string> {
  const istio = await goModuleFolder("istio", "istio.io/istio");
  const gateway = await goModuleFolder("envoy-gateway", "github.com/envoyproxy/gateway");
  const generated = "charts/gateway-helm/charts/crds/crds/generated";
  return [
    join(istio, "manifests/charts/base/files/crd-all.gen.yaml"),
    join(gateway, generated, "gateway.envoyproxy.io_envoyextensionpolicies.yaml"),
  ].join(":");
}

beforeAll(async () => {
  await using project = await tempProject({});
  const config = project.path("config.json");
  await writeFile(config, JSON.stringify({ cluster: "outbound|80||cart", limits: [1, 2.5], on: "yes", none: null }));
  const cases = [{ Name: "example/wasmplugin.yaml", YAML: await readFile("example/wasmplugin.yaml", "utf8") }];
  for (const [kind, options] of Object.entries(CASES)) {
    for (const [name, args] of Object.entries(options)) {
      const YAML = await printed(["--for", kind, ...args.map((arg) => (arg === "config.json" ? config : arg))]);
      cases.push({ Name: `${kind}: ${name}`, YAML });
    }
  }
  const whole = cases.find(({ Name }) => Name === "wasmplugin: everything")?.YAML ?? "";
  for (const [name, [change]] of Object.entries(MISTAKES)) {
    expect(change(whole), name).not.toBe(whole);
    cases.push({ Name: name, YAML: change(whole) });
  }
  const files = { CRD_FILES: await definitions() };
  outcomes = await goTest("TestManifests", ["MANIFESTS", "MANIFEST_OUTCOMES"], cases, files);
}, GO_TEST_MS);

/** What the webhook has against each EnvoyFilter. */
const GENERAL = expect.stringMatching(/^warning: EnvoyFilter exposes internal implementation details/) as string;

describe.each(Object.entries(CASES))("%s", (kind, options) => {
  test.each(Object.keys(options))("%s", (name) => {
    expect(outcomes[`${kind}: ${name}`]).toEqual(kind === "envoyfilter" ? [GENERAL] : []);
  });
});

test("example/wasmplugin.yaml", () => {
  expect(outcomes["example/wasmplugin.yaml"]).toEqual([]);
});

describe("refuses", () => {
  test.each(Object.entries(MISTAKES))("%s", (name, [, message]) => {
    expect(outcomes[name]?.join("\n")).toMatch(message);
  });
});
