import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { readModule } from "../../build/wasm/module.ts";
import { run, runNode } from "../run-node.ts";
import type { Outcome } from "../run-node.ts";
import { tempProject } from "../temp-project.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const FILTER = `import { defineFilter } from "proxy-wasm-ts";
export default defineFilter({
  config: (json) => ({ name: String(json) }),
  onRequestHeaders(request, { config }) { request.headers.set("x-filter", config.name); },
});
`;

function expectSuccess(outcome: Outcome): void {
  expect(outcome, outcome.stderr + outcome.stdout).toMatchObject({ status: 0 });
}

test("the packed package builds filters in an empty project", { timeout: 180_000 }, async () => {
  await using project = await tempProject({ "package.json": `{ "private": true }`, "src/filter.ts": FILTER });
  expectSuccess(await runNode([join(ROOT, "node_modules/typescript/lib/tsc.js"), "-p", "tsconfig.package.json"], ROOT));
  expectSuccess(await run("npm", ["pack", "--ignore-scripts", "--pack-destination", project.path("")], ROOT));
  const packed = (await readdir(project.path(""))).find((name) => name.endsWith(".tgz")) ?? "";
  // No scripts: what the package needs at its user's is Node alone.
  const install = ["install", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", `./${packed}`];
  expectSuccess(await run("npm", install, project.path("")));

  const command = project.path("node_modules/.bin/proxy-wasm-ts");
  const build = ["build", "../src/filter.ts", "-o", "../out/filter.wasm"];
  const outcome = await run(command, build, project.path("node_modules"));
  expectSuccess(outcome);
  expect(outcome.stdout).toContain("proxy_on_request_headers");
  expect(outcome.stderr).toContain("typecheck");
  const { exports } = readModule(await readFile(project.path("out/filter.wasm")));
  expect(exports.map(({ name }) => name)).toContain("proxy_on_configure");

  const map = JSON.parse(await readFile(project.path("out/filter.wasm.map"), "utf8")) as { sources: string[] };
  expect(map.sources).toContain("../src/filter.ts");
  expect(map.sources).toContain("../node_modules/proxy-wasm-ts/dist/src/sdk/dispatcher.js");
});
