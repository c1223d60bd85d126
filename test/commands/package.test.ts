/** The package as its user has it: packed, and installed in a project of their own. */

import { readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";

import { afterAll, beforeAll, expect, test } from "vitest";

import { packageRoot } from "../../build/package-root.ts";
import { readModule } from "../../build/wasm/module.ts";
import { startChild } from "../../scripts/child.ts";
import { projectWithPackage } from "../packed-package.ts";
import { run, runNode } from "../run-node.ts";
import type { Outcome } from "../run-node.ts";
import type { TempProject } from "../temp-project.ts";

const FILTER = `import { defineFilter } from "proxy-wasm-ts";
export default defineFilter({
  config: (json) => ({ name: String(json) }),
  onRequestHeaders(request, { config }) { request.headers.set("x-filter", config.name); },
});
`;

const TESTED_FILTER = `import { defineFilter, Response } from "proxy-wasm-ts";

function refuse(path: string): Response {
  return new Response(path, { status: 403 });
}

export default defineFilter({
  onRequestHeaders(request, { log }) {
    if (request.path === "/refused") {
      return refuse(request.path);
    }
    log.warn(\`saw \${request.path}\`);
    return undefined;
  },
});
`;

const CONFIG = `import { filterCoverage } from "proxy-wasm-ts/testing/coverage";

export default {
  plugins: [filterCoverage()],
  test: {
    env: { PROXY_WASM_TS_MODE: "native" },
    coverage: { provider: "v8", include: ["src/**"], reporter: ["text"] },
  },
};
`;

/** @param status - that the test expects */
const testFile = (status: number) => `import { expect, test } from "vitest";
import { TestHost } from "proxy-wasm-ts/testing";
import "proxy-wasm-ts/testing/vitest";

test("lets a request through", async () => {
  await using host = await TestHost.load("src/filter.ts");
  expect((await host.fetch("http://a/one")).status).toBe(${status});
  expect(host).toHaveLogged("saw /one");
});
`;

/** The README's filter and its test, and the files of docs/TESTING.md, whose first lines have their paths. */
async function examples(): Promise<Record<string, string>> {
  const guide = await readFile(join(packageRoot, "docs/TESTING.md"), "utf8");
  const readme = await readFile(join(packageRoot, "README.md"), "utf8");
  const [filter = "", testOfIt = ""] = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, text = ""]) => text);
  const blocks = [...guide.matchAll(/^```(?:ts|js)\n\/\/ (\S+)\n(.*?)^```$/gms)];
  return {
    ...Object.fromEntries(blocks.map(([, path = "", text = ""]) => [`guide/${path}`, text])),
    "readme/auth.ts": filter,
    "readme/auth.test.ts": testOfIt,
  };
}

let project: TempProject;

beforeAll(async () => {
  project = await projectWithPackage({
    "src/filter.ts": FILTER,
    ...(await examples()),
    "tested/vitest.config.js": CONFIG,
    "tested/src/filter.ts": TESTED_FILTER,
    "tested/src/passes.test.ts": testFile(200),
    "tested/src/fails.test.ts": testFile(201),
  });
  for (const name of ["vitest", "@vitest"]) {
    await symlink(join(packageRoot, "node_modules", name), project.path(`node_modules/${name}`));
  }
}, 180_000);

afterAll(() => project[Symbol.asyncDispose]());

function expectSuccess(outcome: Outcome): void {
  expect(outcome, outcome.stderr + outcome.stdout).toMatchObject({ status: 0 });
}

test("builds filters", async () => {
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

test("looks into modules, configures Envoy and serves", async () => {
  const command = project.path("node_modules/.bin/proxy-wasm-ts");
  const cwd = project.path("");
  expectSuccess(await run(command, ["build", "src/filter.ts", "-o", "out/look.wasm", "--no-typecheck"], cwd));
  const inspected = await run(command, ["inspect", "out/look.wasm", "--json"], cwd);
  expectSuccess(inspected);
  expect(JSON.parse(inspected.stdout)).toMatchObject({ abi: ["0.2.1"], problems: [], composition: {} });
  const config = await run(command, ["envoy-config", "out/look.wasm", "--upstream", "http://a"], cwd);
  expectSuccess(config);
  expect(config.stdout).toContain("filename: out/look.wasm");
  for (const mode of [[], ["--inspect", "--inspect-port", "0"]]) {
    const args = ["dev", "src/filter.ts", "--port", "0", "--no-typecheck", ...mode];
    await using dev = await startChild(command, args, { name: "dev", cwd });
    const [, url = ""] = await dev.waitFor(/^(http:\S+) -> src\/filter\.ts/m, 30_000);
    expect(await (await fetch(url)).text()).toContain("x-filter: undefined");
  }
});

/** Runs vitest as its user would. @returns what it prints, without colours */
async function runVitest(folder: string, ...parameters: string[]): Promise<string> {
  const vitest = project.path("node_modules/vitest/vitest.mjs");
  // The first test of a file builds its filter, which takes its time beside other suites.
  const { stdout, stderr } = await runNode([vitest, "run", "--testTimeout=60000", ...parameters], project.path(folder));
  return stripVTControlCharacters(stdout + stderr);
}

test("a test that fails shows what its hosts did", async () => {
  const output = await runVitest("tested", "fails");
  expect(output).toContain("expected 200 to be 201");
  expect(output).toMatch(/Between the host and its filter:\n(?:.*\n)*proxy_on_request_headers\(2, \d+, 1\)\n/);
});

test("the coverage of native mode has the lines of the TypeScript, and not those of the SDK", async () => {
  const output = await runVitest("tested", "passes", "--coverage");
  // The body of `refuse`, and where it is called.
  expect(output).toMatch(/^ *filter\.ts +\|.*\| *4,9(-10)? *$/m);
  expect(output).not.toContain("dispatcher");
});

test("builds the README's filter by the README's command", async () => {
  const readme = await readFile(join(packageRoot, "README.md"), "utf8");
  const [, words = ""] = /^ {4}npx proxy-wasm-ts (.+)$/m.exec(readme) ?? [];
  expectSuccess(await run(project.path("node_modules/.bin/proxy-wasm-ts"), words.split(" "), project.path("readme")));
  expect(readModule(await readFile(project.path("readme/auth.wasm"))).exports.length).toBeGreaterThan(0);
});

test.each(["wasm", "native"])("the examples of the README and of docs/TESTING.md pass in mode %s", async (mode) => {
  process.env["PROXY_WASM_TS_MODE"] = mode;
  try {
    expect(await runVitest("guide")).toMatch(/Test Files +4 passed \(4\)\n +Tests +9 passed \(9\)/);
    expect(await runVitest("readme")).toMatch(/Tests +1 passed \(1\)/);
  } finally {
    delete process.env["PROXY_WASM_TS_MODE"];
  }
});
