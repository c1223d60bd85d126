/** What `proxy-wasm-ts manifest` prints for Envoy itself, in a real Envoy. */

import { resolve } from "node:path";
import { writeFile } from "node:fs/promises";

import { expect, test } from "vitest";
import { parse } from "yaml";

import { bootstrap } from "../../build/envoy/bootstrap.ts";
import { buildTestFilter } from "../build-filter.ts";
import { runCommand } from "../run-command.ts";
import { tempProject } from "../temp-project.ts";
import { validateEnvoyFile } from "./envoy.ts";

const MODULE = resolve("dist/filter.wasm");
const OK = /^configuration 'envoy\.yaml' OK$/m;

async function printed(args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await runCommand(["manifest", ...args]);
  expect([status, stderr]).toEqual([0, ""]);
  return stdout;
}

async function validate(yaml: string): Promise<string> {
  await using project = await tempProject({ "envoy.yaml": yaml });
  return await validateEnvoyFile("envoy.yaml", project.path(""));
}

const VARIABLES = ["--env", "LEVEL=on", "--env", "HOME", "--fail-strategy", "FAIL_RELOAD"];

test("--for envoy is a complete configuration", async () => {
  await using project = await tempProject({});
  const config = project.path("config.json");
  await writeFile(config, `{"cluster": "upstream"}`);
  const yaml = await printed(["--for", "envoy", "--file", MODULE, "--config", config, ...VARIABLES]);
  expect(yaml).toContain("host_env_keys:\n");
  expect(yaml).toContain("failure_policy: FAIL_RELOAD");
  expect(await validate(yaml)).toMatch(OK);
});

test("--for envoy --type network", async () => {
  await using network = await buildTestFilter("network");
  const yaml = await printed([
    "--for",
    "envoy",
    "--type",
    "network",
    "--file",
    network.wasm,
    "--upstream",
    "http://a:1",
  ]);
  expect(yaml).toContain("envoy.filters.network.wasm");
  expect(await validate(yaml)).toMatch(OK);
});

test("the filter of an EnvoyFilter is one that Envoy takes", async () => {
  const yaml = await printed(["--for", "envoyfilter", "--file", MODULE, ...VARIABLES]);
  const { spec } = parse(yaml) as { spec: { configPatches: [{ patch: { value: object } }] } };
  const setup = { wasm: MODULE, upstream: "http://127.0.0.1:1", firstFilters: [spec.configPatches[0].patch.value] };
  expect(await validate(JSON.stringify(bootstrap(setup)))).toMatch(OK);
});
