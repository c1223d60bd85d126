import { describe, expect, test } from "vitest";

import { BuildError } from "../../../build/errors.ts";
import { bundle } from "../../../build/steps/bundle.ts";
import { tempProject } from "../../temp-project.ts";

const FILTER = `import { defineFilter } from "proxy-wasm-ts";\n`;

/** The message of the build error that bundling the files ends with; places are relative to their folder. */
async function failure(files: Readonly<Record<string, string>>): Promise<string> {
  await using project = await tempProject(files);
  const error: unknown = await bundle(project.path("filter.ts"), project.path("out.wasm")).catch(
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(BuildError);
  return (error as BuildError).message.replaceAll(project.path("/"), "");
}

async function script(files: Readonly<Record<string, string>>): Promise<string> {
  await using project = await tempProject(files);
  return (await bundle(project.path("filter.ts"), project.path("out.wasm"))).script;
}

describe("syntax errors", () => {
  test("have the place and a code frame", async () => {
    expect(await failure({ "filter.ts": `export default 1;\n\tconst name other = 3;\n` })).toBe(
      [
        `filter.ts:2:13 - error: Expected ";" but found "other"`,
        "",
        `2 \tconst name other = 3;`,
        `  \t           ~~~~~`,
      ].join("\n"),
    );
  });

  test("count columns in characters, not in bytes", async () => {
    const message = await failure({ "filter.ts": `const text = "é😀" text;\n` });
    expect(message).toContain("filter.ts:1:20 - error:");
  });

  test("in an imported file name that file", async () => {
    const message = await failure({ "filter.ts": `import "./lib/a.ts";\nexport default 1;\n`, "lib/a.ts": "let 1;\n" });
    expect(message).toContain("lib/a.ts:1:5 - error:");
  });

  test("await at the top level says where to await", async () => {
    const message = await failure({ "filter.ts": `const one = await 1;\nexport default one;\n` });
    expect(message).toContain("filter.ts:1:13 - error: await at the top level");
    expect(message).toContain("Await inside a hook.");
  });
});

describe("every, as a member of a plugin's context", () => {
  const withSetup = (setup: string) => script({ "filter.ts": `${FILTER}export default defineFilter({ ${setup} });` });

  test.each([
    "setup: (plugin) => void plugin.every(1000, () => undefined)",
    "setup({ every }) { every(PERIOD, work); }",
    "setup: ({ every: often, log }) => void often(1000, log.info)",
    'setup: (plugin) => void plugin["every"](1000, () => undefined)',
    "setup(plugin) { call(plugin.every); }",
  ])("comes with the timers: %s", async (setup) => {
    expect(await withSetup(setup)).toMatch(/handle\("tick"/);
  });

  test.each([
    "setup: () => void list.every((item) => item > 0)",
    "setup: () => void list.every(async (item) => item > 0)",
    "setup: () => void list.map(f).every(isName)",
    "setup: () => void list.every(function (item) { return item > 0; })",
    "setup: ({ log }) => log.info('every request, every time')",
  ])("is not an array's, or a word: %s", async (setup) => {
    expect(await withSetup(setup)).not.toMatch(/handle\("tick"/);
  });
});

describe("imports", () => {
  test("a package that is not there", async () => {
    const message = await failure({ "filter.ts": `import { z } from "@scope/name/sub";\nexport default z;\n` });
    expect(message).toContain(
      `filter.ts:1:19 - error: cannot find "@scope/name/sub". Is the package installed? npm install @scope/name`,
    );
    expect(message).toContain(`1 import { z } from "@scope/name/sub";\n                    ~~~~~~~~~~~~~~~~~`);
  });

  test("a file that is not there", async () => {
    const message = await failure({ "filter.ts": `import z from "./z.ts";\nexport default z;\n` });
    expect(message).toContain(`filter.ts:1:15 - error: cannot find "./z.ts". There is no such file`);
  });

  test.each([
    ["node:fs", "plugin configuration"],
    ["fs/promises", "plugin configuration"],
    ["node:http", 'fetch from "proxy-wasm-ts"'],
    ["buffer", "Uint8Array"],
    ["node:crypto", "npm package that needs neither Node nor a browser"],
  ])("%s: a filter does not run in Node", async (name, instead) => {
    const message = await failure({ "filter.ts": `import * as it from "${name}";\nexport default it;\n` });
    expect(message).toContain(`filter.ts:1:21 - error: cannot import "${name}": the filter does not run in Node.`);
    expect(message).toContain(instead);
  });

  test("an installed package wins over a builtin of its name", async () => {
    const text = await script({
      "filter.ts": `import { it } from "events";\nexport default it;\n`,
      "node_modules/events/index.js": `exports.it = "the package events";\n`,
    });
    expect(text).toContain("the package events");
  });

  test("the test host", async () => {
    const message = await failure({ "filter.ts": `import "proxy-wasm-ts/testing";\nexport default 1;\n` });
    expect(message).toContain(`filter.ts:1:8 - error: "proxy-wasm-ts/testing" is the test host, which runs in Node`);
  });

  test("what this package does not have", async () => {
    const message = await failure({ "filter.ts": `import "proxy-wasm-ts/more";\nexport default 1;\n` });
    expect(message).toContain(`there is no "proxy-wasm-ts/more"; a filter can import proxy-wasm-ts,`);
  });

  test("a name that a module does not export", async () => {
    const message = await failure({
      "filter.ts": `import { b } from "./a.ts";\nexport default b;\n`,
      "a.ts": "export const a = 1;\n",
    });
    expect(message).toContain(`filter.ts:1:10 - error: No matching export in "a.ts" for import "b"`);
  });
});

test("a filter without a default export", async () => {
  expect(await failure({ "filter.ts": `${FILTER}export const filter = defineFilter({});\n` })).toBe(
    "filter.ts - error: there is no default export; a filter's file ends with: export default defineFilter({ ... })",
  );
});

describe("code made from strings", () => {
  test("eval", async () => {
    expect(await failure({ "filter.ts": `const two = 2;\nexport default eval("1 + 1") + two;\n` })).toBe(
      [
        `filter.ts:2:16 - error: eval cannot work: the module holds the filter's bytecode and no JavaScript parser, so that ` +
          `code cannot be made from a string at run time. Write the code as a function; read data with JSON.parse.`,
        "",
        `2 export default eval("1 + 1") + two;`,
        "                 ~~~~~~~~~~~~~",
      ].join("\n"),
    );
  });

  test.each([
    `new Function("a", "return a")`,
    `Function("return 1")`,
    `globalThis.Function("return 1")`,
    `(0, eval)("1")`,
    `globalThis["eval"]("1")`,
    `eval?.("1")`,
    `(eval as (code: string) => unknown)("1")`,
  ])("%s", async (code) => {
    expect(await failure({ "filter.ts": `export default ${code};\n` })).toMatch(
      /filter\.ts:1:\d+ - error: (eval|new Function) cannot work/,
    );
  });

  test("import() of a computed name", async () => {
    const message = await failure({ "filter.ts": `export default (name: string) => import(name);\n` });
    expect(message).toContain("filter.ts:1:34 - error: import() of a computed name cannot work");
  });

  test("every place is named", async () => {
    const message = await failure({ "filter.ts": `export default [eval("1"),\n  new Function("2")];\n` });
    expect(message).toContain("filter.ts:1:17");
    expect(message).toContain("filter.ts:2:3");
  });

  test("a variable of the same name is none", async () => {
    const text = await script({
      "filter.ts": `function make(Function: (x: string) => string) { return Function("a local"); }\nexport default make;\n`,
    });
    expect(text).toContain("a local");
  });

  test("a local of the name in one place does not hide the global in another", async () => {
    const local = `export const call = (eval_: 1, Function: (x: string) => number) => Function("a local") + eval_;\n`;
    const message = await failure({
      "local.ts": local,
      "filter.ts": `import { call } from "./local.ts";\nexport default [call, new Function("2")];\n`,
    });
    expect(message).toMatch(/^filter\.ts:2:23 - error: new Function cannot work/m);
    expect(message).not.toContain("local.ts:1");
  });

  test("the names alone are none", async () => {
    const text = await script({ "filter.ts": `export default (x: unknown) => x instanceof Function && "a check";\n` });
    expect(text).toContain("a check");
  });

  const dependency = (code: string) => ({
    "filter.ts": `import it from "it";\nexport default it;\n`,
    "node_modules/it/index.js": code,
  });

  test("in a dependency", async () => {
    expect(await failure(dependency(`export default new Function("return 1");\n`))).toContain(
      "node_modules/it/index.js:1:16 - error: new Function cannot work",
    );
  });

  test("in an unused part of a dependency is none", async () => {
    expect(
      await script(dependency(`export const unused = () => new Function("1");\nexport default "used";\n`)),
    ).toContain("used");
  });

  test("in a dependency that can do without is none", async () => {
    const code = `let can = true;\ntry { new Function(""); } catch { can = false; }\nexport default can;\n`;
    expect(await script(dependency(code))).toContain("new Function");
  });

  test("in the filter's own try is one", async () => {
    const message = await failure({ "filter.ts": `let a = 0;\ntry { a = eval("1"); } catch {}\nexport default a;\n` });
    expect(message).toContain("filter.ts:2:11");
  });
});

describe("the bundle", () => {
  test("is a strict script with the SDK before the filter", async () => {
    const text = await script({
      "filter.ts": `${FILTER}console.log("text of the filter");\nexport default defineFilter({});\n`,
    });
    expect(text).toMatch(/^"use strict";\n\(\(\) => \{/);
    expect(text.indexOf("installConsole()")).toBeLessThan(text.indexOf("text of the filter"));
  });

  test("keeps names, and drops types and what is not used", async () => {
    const text = await script({
      "filter.ts": `import { used } from "./a.ts";\nconst longName: number = used;\nexport default [longName, longName];\n`,
      "a.ts": "export const used = Math.random();\nexport const unused = () => 'not used';\n",
    });
    expect(text).toContain("longName");
    expect(text).not.toContain("not used");
  });

  test("has a source map back to the sources, relative to the output", async () => {
    await using project = await tempProject({ "src/filter.ts": `// 1\nexport default\n  Math.random();\n` });
    const { script, map, mapJson } = await bundle(project.path("src/filter.ts"), project.path("dist/out.wasm"));
    const lines = script.split("\n");
    const line = lines.findIndex((text) => text.includes("Math.random()"));
    const column = lines[line]?.indexOf("Math.random()") ?? -1;
    expect(map.find(line + 1, column + 1)).toMatchObject({ file: project.path("src/filter.ts"), line: 3, column: 3 });
    expect((JSON.parse(mapJson) as { sources: string[] }).sources).toContain("../src/filter.ts");
  });

  test("is the same again, in another folder, and seen from another folder", async () => {
    const files = {
      "filter.ts": `${FILTER}import "./a.ts";\nexport default defineFilter({});\n`,
      "a.ts": "Math.log(1);\n",
    };
    const first = await script(files);
    const before = process.cwd();
    process.chdir("/");
    try {
      const withoutComments = (text: string) => text.replace(/^ *\/\/.*\n/gm, "");
      expect(withoutComments(await script(files))).toBe(withoutComments(first));
    } finally {
      process.chdir(before);
    }
  });
});
