import { readdir, readFile } from "node:fs/promises";

import { describe, expect, test } from "vitest";

import { KINDS } from "../../build/engine/kinds.ts";
import { ABI_VERSION_EXPORT, HOST_CALLS, WASI_CALLS } from "../../src/abi/index.ts";
import { readBranches, staleBranches } from "../../build/engine/engine.ts";
import { BuildError, TypeCheckError } from "../../build/errors.ts";
import { buildFilter } from "../../build/pipeline.ts";
import type { BuildOptions, BuildResult, StepReport } from "../../build/pipeline.ts";
import { readEngine, readParts } from "../../build/steps/engine-module.ts";
import type { BuildLog } from "../../build/steps/snapshot.ts";
import { branchesOf, readBranchHints } from "../../build/wasm/branch-hints.ts";
import { functionBodies, functionCode } from "../../build/wasm/code.ts";
import { functionNames } from "../../build/wasm/function-names.ts";
import { FILLERS } from "../../build/wasm/inlining-barriers.ts";
import { readModule } from "../../build/wasm/module.ts";
import { simulateInlining } from "../v8-inlining.ts";
import { tempProject } from "../temp-project.ts";
import { signsOf } from "../wasm-text.ts";

const IMPORT = `import { defineFilter, fetch } from "proxy-wasm-ts";\n`;
const FILTER = `${IMPORT}export default defineFilter({
  onRequestHeaders(request) { request.headers.set("x-filter", "yes"); },
  onLog() { console.log("done"); },
});\n`;

async function build(
  files: Readonly<Record<string, string>>,
  options: Partial<BuildOptions> = { typecheck: false },
): Promise<BuildResult> {
  await using project = await tempProject(files);
  return await buildFilter({ entry: project.path("filter.ts"), outfile: project.path("out.wasm"), ...options });
}

/** The message of the error that a build ends with; places are relative to the filter's folder. */
async function failure(files: Readonly<Record<string, string>>, options?: Partial<BuildOptions>): Promise<string> {
  await using project = await tempProject(files);
  const entry = project.path("filter.ts");
  const outfile = project.path("out.wasm");
  const error: unknown = await buildFilter({ entry, outfile, typecheck: false, ...options }).catch(
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(BuildError);
  expect(await readdir(project.path(""))).not.toContain("out.wasm");
  return (error as BuildError).message.replaceAll(project.path("/"), "");
}

describe("a module", () => {
  test("exports the callbacks of the hooks that the filter has, and what every host needs", async () => {
    const { callbacks, module } = await build({ "filter.ts": FILTER });
    expect(callbacks).toContain("proxy_on_request_headers");
    expect(callbacks).toContain("proxy_on_log");
    expect(callbacks).not.toContain("proxy_on_response_headers");
    const others = module.exports.map(({ name }) => name).filter((name) => !callbacks.includes(name));
    expect(others.sort()).toEqual(["malloc", "memory", ABI_VERSION_EXPORT]);
  });

  test("imports host calls, and WASI calls that Envoy offers", async () => {
    const { module } = await build({ "filter.ts": FILTER });
    const offered = [...Object.keys(HOST_CALLS), ...WASI_CALLS];
    expect(module.imports.map(({ name }) => name).filter((name) => !offered.includes(name))).toEqual([]);
  });

  test("begins with the functions that requests run, in their order", async () => {
    const { wasm } = await build({ "filter.ts": FILTER }, { typecheck: false, keepNames: true });
    const info = readModule(wasm);
    const names = functionNames(info);
    const own = functionBodies(info)
      .map(({ index }) => names.get(index) ?? "")
      .slice(FILLERS.length);
    const { requests } = await readParts();
    const expected = requests.filter((name) => own.includes(name));
    expect(expected.length).toBeGreaterThan(100);
    expect(own.slice(0, expected.length)).toEqual(expected);
  });

  test("tells which way the branches of requests go, as build/engine/branches.txt says", async () => {
    expect(await staleBranches(), "npm run engine:profile makes the list anew").toEqual([]);
    const options = { typecheck: false, keepNames: true, inlineCalls: false };
    const { wasm } = await build({ "filter.ts": FILTER }, options);
    const info = readModule(wasm);
    const [names, code, listed] = [functionNames(info), functionCode(info), await readBranches()];
    const wrong: string[] = [];
    let checked = 0;
    for (const [index, hints] of readBranchHints(info)) {
      const name = names.get(index) ?? "";
      const body = code.get(index) ?? new Uint8Array();
      checked += hints.size;
      // Of the interpreters, which lost the code of opcodes that this filter does not have, the hints that are left.
      const least = name === "JS_CallInternal" ? 50 : name === "run_code" ? 25 : undefined;
      if (least !== undefined) {
        expect(hints.size).toBeGreaterThan(least);
        expect([...hints.keys()].filter((offset) => !branchesOf(body).includes(offset))).toEqual([]);
      } else if (![listed.get(name), `.${listed.get(name)}`].includes(signsOf(body, hints))) {
        // the barrier's comes first
        wrong.push(name);
      }
    }
    expect(wrong).toEqual([]);
    expect(checked).toBeGreaterThan(500);
  });

  test("has next to nothing that V8 would put into its callers", async () => {
    const { wasm } = await build({ "filter.ts": FILTER }, { typecheck: false, keepNames: true });
    const { busy } = await readParts();
    const { own, inlined } = simulateInlining(wasm, busy);
    expect(inlined).toBeLessThan(own / 20);
    expect(simulateInlining(wasm).inlined).toBeGreaterThan(inlined);
  });

  test("has what values of a kind need when it has one of the functions that make them, which all are there", async () => {
    const names = new Set(functionNames(readModule(await readEngine("runtime"))).values());
    const makers = Object.values(KINDS).flatMap((kind) => kind.makers);
    expect(makers.filter((name) => !names.has(name))).toEqual([]);
  });

  test("is within the size that issue 5 allows, with what nothing reaches removed", async () => {
    await using project = await tempProject({ "filter.ts": FILTER });
    const sizes = new Map<string, number>();
    const onStep = ({ step, bytes }: StepReport) => sizes.set(step, bytes ?? 0);
    const outfile = project.path("out.wasm");
    const { wasm } = await buildFilter({ entry: project.path("filter.ts"), outfile, typecheck: false, onStep });
    expect(wasm.length).toBeLessThan(600 * 1024);
    expect(sizes.get("strip")).toBeLessThan(sizes.get("snapshot") ?? 0);
    expect(await readFile(outfile)).toEqual(Buffer.from(wasm));
  });

  test("is the same again, from another folder, and in another folder", async () => {
    const first = await build({ "filter.ts": FILTER });
    const before = process.cwd();
    process.chdir("/");
    try {
      const second = await build({ "filter.ts": FILTER });
      expect(Buffer.compare(first.wasm, second.wasm)).toBe(0);
    } finally {
      process.chdir(before);
    }
  });

  test("has its source map beside it", async () => {
    await using project = await tempProject({ "src/filter.ts": FILTER });
    const outfile = project.path("dist/out.wasm");
    await buildFilter({ entry: project.path("src/filter.ts"), outfile, typecheck: false });
    const map = JSON.parse(await readFile(`${outfile}.map`, "utf8")) as { sources: string[] };
    expect(map.sources).toContain("../src/filter.ts");
  });
});

test("what the top level logs is told", async () => {
  const lines: BuildLog[] = [];
  const code = `console.log("made", 1);\nconsole.error("oh");\n${FILTER}`;
  await build({ "filter.ts": code }, { typecheck: false, onLog: (line) => lines.push(line) });
  expect(lines).toEqual([
    { level: "Info", message: "made 1" },
    { level: "Error", message: "oh" },
  ]);
});

test("each step is reported, and leaves its file", async () => {
  await using project = await tempProject({ "filter.ts": FILTER });
  const steps: string[] = [];
  await buildFilter({
    entry: project.path("filter.ts"),
    outfile: project.path("dist/out.wasm"),
    intermediateFiles: project.path("steps"),
    onStep: ({ step }) => steps.push(step),
  });
  expect(steps).toEqual(["bundle", "compile", "snapshot", "strip", "verify", "typecheck"]);
  expect((await readdir(project.path("steps"))).sort()).toEqual([
    "1-bundle.js",
    "1-bundle.js.map",
    "2-bytecode.bin",
    "3-snapshot.wasm",
    "4-stripped.wasm",
  ]);
  const map = JSON.parse(await readFile(project.path("steps/1-bundle.js.map"), "utf8")) as { sources: string[] };
  expect(map.sources).toContain("../filter.ts");
});

describe("an error at the top level", () => {
  test("has its place in the TypeScript, a code frame and the mapped stack", async () => {
    const helper = `export interface Table { size: number }\nexport function sizeOf(table: Table): number {\n  return table.size;\n}\n`;
    const message = await failure({
      "filter.ts": `import { sizeOf } from "./lib/helper.ts";\n\nconst size = sizeOf(undefined as never);\n${FILTER}console.log(size);\n`,
      "lib/helper.ts": helper,
    });
    expect(message).toBe(
      [
        "lib/helper.ts:3:10 - error: TypeError: cannot read property 'size' of undefined",
        "(the filter's top level runs once, when the filter is built, and threw this)",
        "",
        "3   return table.size;",
        "           ~",
        "",
        "    at sizeOf (lib/helper.ts:3:10)",
        "    at filter.ts:3:21",
      ].join("\n"),
    );
  });

  test("in the SDK is at the call of the SDK", async () => {
    const message = await failure({
      "filter.ts": `${IMPORT}export default defineFilter({ onRequest() {} } as never);\n`,
    });
    expect(message).toContain("filter.ts:2:16 - error: TypeError: defineFilter: unknown option onRequest;");
  });

  test("that is an endless loop is stopped", { timeout: 60_000 }, async () => {
    const message = await failure({
      "filter.ts": `let n = 0;\nfunction spin() {\n  for (;;) n++;\n}\nspin();\n${FILTER}`,
    });
    expect(message).toMatch(/^filter\.ts:3:\d+ - error: this does not end: the filter's top level runs once/);
    expect(message).toMatch(/at spin \(filter\.ts:3:\d+\)\n {4}at filter\.ts:5:1$/);
    expect(message).toContain("Look for an endless loop.");
  });

  test("that is a rejected promise", async () => {
    const message = await failure({ "filter.ts": `void Promise.reject(new Error("late"));\n${FILTER}` });
    expect(message).toContain("filter.ts:1:25 - error: Error: late");
  });

  test("that is no Error", async () => {
    const message = await failure({ "filter.ts": `if (Date.now() === 0) throw "text";\n${FILTER}` });
    expect(message).toContain("filter.ts - error: text was thrown, which is no Error and has no stack");
  });

  test("that is a host call says to make it in a hook", async () => {
    const message = await failure({
      "filter.ts": `${FILTER}void fetch("/", { cluster: "c", authority: "a" });\n`,
    });
    expect(message).toContain("filter.ts:6:6 - error: ");
    expect(message).toContain("Call it from a hook.");
  });

  test("that a type error explains gives way to the type error", async () => {
    const code = `${FILTER}const s: { length: number } = null;\nconsole.log(s.length);\n`;
    await using project = await tempProject({ "filter.ts": code });
    const result = buildFilter({ entry: project.path("filter.ts"), outfile: project.path("out.wasm") });
    await expect(result).rejects.toThrow(TypeCheckError);
    await expect(result).rejects.toThrow("Type 'null' is not assignable");
  });
});

test("a default export that is no filter", async () => {
  expect(await failure({ "filter.ts": "export default { onRequestHeaders() {} };\n" })).toContain(
    "filter.ts - error: TypeError: the default export must be a filter: export default defineFilter({ ... })",
  );
});

test("a regular expression that the engine refuses", async () => {
  const files = { "filter.ts": `${FILTER}console.log(/a(/);\n` };
  expect(await failure(files)).toBe(
    "filter.ts - error: SyntaxError: expecting ')' (in a regular expression of this file or of its imports)",
  );
  expect(await failure(files, { typecheck: true })).toContain("filter.ts:6:16 - error TS1005: ')' expected.");
});

test("type errors stop a build, unless they are not asked for", async () => {
  const files = { "filter.ts": `${FILTER}const wrong: string = 1;\nconsole.log(wrong);\n` };
  expect(await failure(files, { typecheck: true })).toContain("TS2322");
  expect((await build(files)).wasm.length).toBeGreaterThan(0);
});

test("newer language and library features are there", async () => {
  const lines: BuildLog[] = [];
  const code = `
    class A { #x = 1; static #y = 2; static { A.#y++; } sum() { return this.#x + A.#y; } has(o: object) { return #x in o; } }
    const groups = /(?<a>x)|(?<a>y)/d.exec("y")?.groups?.a;
    const set = /[\\p{L}--[a-z]]/v.test("é");
    async function* values() { yield 1; }
    console.log(new A().sum(), new A().has({}), groups, set, [1, 2].toSorted().with(0, 9), typeof values, 2n ** 64n);
    using resource = { [Symbol.dispose]() { console.log("disposed"); } };
  `;
  const files = { "filter.ts": `{ ${code} }\n${FILTER}` };
  await build(files, { typecheck: false, onLog: (line) => lines.push(line) });
  expect(lines.map(({ message }) => message)).toEqual([
    "4 false y true [9, 2] function 18446744073709551616n",
    "disposed",
  ]);
});
