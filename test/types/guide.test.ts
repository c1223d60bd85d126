import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { bundle } from "../../build/steps/bundle.ts";
import { ts } from "../../scripts/lint/typescript.ts";
import { tempProject } from "../temp-project.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The guide's examples: all of them are whole filters. */
const examples = [...readFileSync(`${root}docs/GUIDE.md`, "utf8").matchAll(/^```ts\n(.*?)^```$/gms)].map(
  ([, text = ""]) => text,
);

test("the guide's examples have the types that they say", () => {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, (path) => readFileSync(path, "utf8")) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const files = new Map(examples.map((text, at) => [`${root}test/types/example-${at}.ts`, text]));
  const disk = ts.createCompilerHost(options);
  const program = ts.createProgram([...files.keys()], options, {
    ...disk,
    getSourceFile: (name, ...rest) => {
      const text = files.get(name);
      return text === undefined
        ? disk.getSourceFile(name, ...rest)
        : ts.createSourceFile(name, text, ts.ScriptTarget.ES2023);
    },
    fileExists: (name) => files.has(name) || disk.fileExists(name),
    readFile: (name) => files.get(name) ?? disk.readFile(name),
  });
  const errors = ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) => `${file?.fileName ?? ""}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`);
  expect(files.size).toBeGreaterThan(7);
  expect(errors).toEqual([]);
});

test("the guide's examples bundle", async () => {
  await using project = await tempProject(Object.fromEntries(examples.map((text, at) => [`${at}.ts`, text])));
  for (const at of examples.keys()) {
    await bundle(project.path(`${at}.ts`), project.path(`${at}.wasm`));
  }
});
