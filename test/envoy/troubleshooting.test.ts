/** The log lines that docs/DEPLOY.md tells causes from, in a real Envoy. */

import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { bootstrap } from "../../build/envoy/bootstrap.ts";
import type { EnvoySetup } from "../../build/envoy/bootstrap.ts";
import { buildFilter } from "../../build/pipeline.ts";
import { tempProject } from "../temp-project.ts";
import type { TempProject } from "../temp-project.ts";
import { tinyModule, wat } from "../wasm/host-abi/tiny-module.ts";
import { validateEnvoyFile } from "./envoy.ts";
import { startFilter } from "./filter.ts";
import type { RunningFilter } from "./filter.ts";
import { ENVOY_ERRORS } from "./quotes.ts";
import type { EnvoyError } from "./quotes.ts";

const MODULE = resolve("dist/filter.wasm");

const FAULTY = `import { defineFilter } from "proxy-wasm-ts";
export default defineFilter({
  onRequestHeaders(request) {
    for (; request.path === "/loop"; ) {}
    throw new Error("no user");
  },
});
`;

let project: TempProject;

beforeAll(async () => {
  project = await tempProject({ "text.wasm": "hello", "faulty.ts": FAULTY });
  const teleport = `(import "env" "proxy_teleport" (func $teleport))`;
  await writeFile(project.path("odd.wasm"), tinyModule({ on: {}, imports: [teleport] }));
  const trap = tinyModule({ on: { proxy_on_request_headers: [wat("(unreachable)")] } });
  await writeFile(project.path("trap.wasm"), trap);
  await buildFilter({ entry: project.path("faulty.ts"), outfile: project.path("faulty.wasm"), typecheck: false });
});

afterAll(() => project[Symbol.asyncDispose]());

describe("Envoy does not load", () => {
  test.each<[EnvoyError, () => Partial<EnvoySetup>]>([
    ["a refused configuration", () => ({ config: { clutser: "a" } })],
    ["no such file", () => ({ wasm: "/nowhere/filter.wasm" })],
    ["no module", () => ({ wasm: project.path("text.wasm") })],
    ["a missing import", () => ({ wasm: project.path("odd.wasm") })],
    ...(["FAIL_OPEN", "FAIL_RELOAD"] as const).flatMap((failurePolicy): [EnvoyError, () => Partial<EnvoySetup>][] => [
      ["a refused configuration", () => ({ config: { clutser: "a" }, failurePolicy })],
      ["no module", () => ({ wasm: project.path("text.wasm"), failurePolicy })],
      ["a missing import", () => ({ wasm: project.path("odd.wasm"), failurePolicy })],
    ]),
  ])("%s", async (name, setup) => {
    const config = bootstrap({ wasm: MODULE, upstream: "http://127.0.0.1:1", ...setup() });
    await writeFile(project.path("envoy.yaml"), JSON.stringify(config));
    const log = await validateEnvoyFile("envoy.yaml", project.path(""));
    expect(log).toContain(ENVOY_ERRORS[name]);
    expect(log).toMatch(/exit code 1$/);
  });
});

async function logged(filter: RunningFilter, path: string, text: string): Promise<number> {
  const { status } = await fetch(`${filter.url}${path}`);
  await expect.poll(() => filter.envoy.logs()).toContain(text);
  return status;
}

describe("requests", () => {
  test("fail by an exception, or an endless loop, of the filter", async () => {
    await using filter = await startFilter(project.path("faulty.wasm"));
    expect(await logged(filter, "/", ENVOY_ERRORS["an exception"])).toBe(500);
    expect(await logged(filter, "/loop", ENVOY_ERRORS["an endless loop"])).toBe(500);
  });

  test("fail by a trap of a module, which others may make", async () => {
    await using filter = await startFilter(project.path("trap.wasm"));
    expect(await logged(filter, "/", ENVOY_ERRORS["a trap"])).toBe(503);
  });

  test("pass, and the call does not, when Envoy does not know the cluster", async () => {
    await using filter = await startFilter(MODULE, { config: { cluster: "nowhere" } });
    expect(await logged(filter, "/", ENVOY_ERRORS["an unknown cluster"])).toBe(200);
  });
});

test("what a filter logs with log.info is not to be seen at Istio's level, and is when the level is changed", async () => {
  await using filter = await startFilter(MODULE, { config: { cluster: "upstream" } });
  const level = (name: string) => fetch(`${filter.envoy.admin}/logging?wasm=${name}`, { method: "POST" });
  await level("warning");
  expect((await fetch(`${filter.url}/quiet`)).status).toBe(200);
  await level("info");
  expect(await logged(filter, "/loud", "called upstream: GET /loud -> 200")).toBe(200);
  expect(filter.envoy.logs()).not.toContain("/quiet");
});
