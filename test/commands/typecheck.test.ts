import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

import { describe, expect, test } from "vitest";

import { TypeCheckError } from "../../build/errors.ts";
import { packageRoot } from "../../build/package-root.ts";
import { startTypeCheck } from "../../build/steps/typecheck.ts";
import { rememberedCheck } from "../../build/steps/typecheck-memory.ts";
import { tempProject } from "../temp-project.ts";

const FILTER = `import { defineFilter } from "proxy-wasm-ts";
export default defineFilter({
  config: (json) => ({ header: String(json) }),
  onRequestHeaders(request, { config }) {
    request.headers.set(config.header, request.path);
    console.log(request.path);
  },
});
`;

async function check(files: Readonly<Record<string, string>>): Promise<string> {
  await using project = await tempProject(files);
  const result = await startTypeCheck(project.path("filter.ts")).done.catch((error: unknown) => error);
  if (result instanceof TypeCheckError) {
    return result.message;
  }
  expect(result).toMatchObject({ errors: 0 });
  return "no errors";
}

test("a filter that is in no project", async () => {
  expect(await check({ "filter.ts": FILTER })).toBe("no errors");
});

test("without a project the Web's globals that a filter has are known", async () => {
  const used = `
const aborts: AbortController = new AbortController();
const timer = setTimeout(() => aborts.abort(), 10);
clearTimeout(timer);
const interval: number = setInterval(() => undefined, 10);
clearInterval(interval);
queueMicrotask(() => crypto.getRandomValues(new Uint8Array(8)));
export const now: number = performance.now();
export const signal: AbortSignal = AbortSignal.timeout(10);
`;
  expect(await check({ "filter.ts": FILTER + used })).toBe("no errors");
  expect(await check({ "filter.ts": `${FILTER}document.title;` })).toContain("Cannot find name 'document'");
});

test("a project without other types names the globals' types", async () => {
  const tsconfig = (types: string[]) =>
    JSON.stringify({ compilerOptions: { lib: ["ES2023"], module: "nodenext", strict: true, types } });
  const filter = `${FILTER}export const now: number = performance.now();`;
  expect(await check({ "filter.ts": filter, "tsconfig.json": tsconfig([]) })).toContain(
    "Cannot find name 'performance'",
  );
  await using project = await tempProject({
    "filter.ts": filter,
    "tsconfig.json": tsconfig(["proxy-wasm-ts/globals"]),
  });
  await mkdir(project.path("node_modules"));
  await symlink(packageRoot, project.path("node_modules/proxy-wasm-ts"));
  expect(await startTypeCheck(project.path("filter.ts")).done).toMatchObject({ errors: 0 });
});

test("type errors look like those of tsc, with code frames", async () => {
  const code = FILTER.replace("request.path);\n    console", "request.port);\n    console");
  const message = await check({ "filter.ts": code });
  expect(message).toMatch(
    /filter\.ts:5:48 - error TS2339: Property 'port' does not exist on type 'HttpRequest<undefined>'\./,
  );
  expect(message).toContain(
    [
      "5     request.headers.set(config.header, request.port);",
      "                                                 ~~~~",
      "",
      "1 type error; --no-typecheck builds without this check",
    ].join("\n"),
  );
});

test("without a project the check is strict", async () => {
  const message = await check({ "filter.ts": `${FILTER}export const f = (x) => x;\n` });
  expect(message).toContain("error TS7006: Parameter 'x' implicitly has an 'any' type.");
});

test("the project's options hold", async () => {
  const tsconfig = JSON.stringify({ compilerOptions: { noUnusedLocals: true, composite: true, module: "preserve" } });
  const message = await check({ "filter.ts": `${FILTER}const unused = 1;\n`, "tsconfig.json": tsconfig });
  expect(message).toContain("error TS6133: 'unused' is declared but its value is never read.");
  expect(message).toContain("1 type error;");
});

test("the project's paths and declarations hold, its other files are not the filter's", async () => {
  const files = {
    "filter.ts": `${FILTER}import { a } from "#lib/a";\nexport const b: Declared = a;\n`,
    "lib/a.ts": "export const a = 1;\n",
    "declared.d.ts": "type Declared = number;\n",
    "other.ts": "const wrong: number = '';\n",
    "tsconfig.json": JSON.stringify({ compilerOptions: { strict: true, paths: { "#lib/*": ["./lib/*"] } } }),
  };
  expect(await check(files)).toBe("no errors");
});

test("a mistake in the project's tsconfig.json", async () => {
  const message = await check({ "filter.ts": FILTER, "tsconfig.json": `{ "compilerOptions": { "strcit": true } }` });
  expect(message).toContain("tsconfig.json:1:24 - error TS5025: Unknown compiler option 'strcit'.");
});

describe("types that were right are not checked again", () => {
  const TSCONFIG = JSON.stringify({
    compilerOptions: { strict: true, module: "nodenext", lib: ["ES2023"], types: [] },
  });
  const FILES = {
    "package.json": "{}",
    "tsconfig.json": TSCONFIG,
    "src/filter.ts": `import { header } from "./header.ts";\n${FILTER.replace("String(json)", "header(json)")}`,
    "src/header.ts": "export const header = (json: unknown): string => String(json);\n",
    "src/deep/empty.txt": "",
  };

  /** Files that are changed or new, each alone, and what is in them then. */
  const CHANGES = [
    ["src/header.ts", "export const header = (json: unknown): unknown => json;\n"],
    ["src/filter.ts", "export default 1;\nexport const one: string = 1;\n"],
    ["tsconfig.json", TSCONFIG.replace("true", "false")],
    ["package.json", '{ "type": "module" }'],
    ["src/package.json", "{}"],
    ["src/more.d.ts", "declare const more: string;\n"],
    ["src/deep/more.d.ts", "declare const more: string;\n"],
  ] as const;

  test("as long as nothing changes that the check has seen", async () => {
    await using project = await tempProject(FILES);
    const [entry, unrelated] = [project.path("src/filter.ts"), project.path("node_modules/other")];
    await mkdir(project.path("node_modules"));
    await expect(startTypeCheck(entry).done).resolves.toMatchObject({ errors: 0, files: 2 });
    expect(rememberedCheck(entry)).toBe(2);
    await mkdir(unrelated);
    await expect(startTypeCheck(entry).done).resolves.toMatchObject({ errors: 0, files: 2 });
    expect(rememberedCheck(entry)).toBe(2);
    for (const [file, text] of CHANGES) {
      const path = project.path(file);
      const before = await readFile(path, "utf8").catch(() => undefined);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
      expect(rememberedCheck(entry), `with another ${file}`).toBeUndefined();
      await (before === undefined ? rm(path) : writeFile(path, before));
      expect(rememberedCheck(entry), `with ${file} as it was`).toBe(2);
    }
    await rm(project.path("src/header.ts"));
    expect(rememberedCheck(entry)).toBeUndefined();
    await expect(startTypeCheck(entry).done).rejects.toThrow("Cannot find module './header.ts'");
  });

  test("nor remembered when they are wrong", async () => {
    await using project = await tempProject({ "filter.ts": "export const one: string = 1;" });
    await mkdir(project.path("node_modules"));
    await expect(startTypeCheck(project.path("filter.ts")).done).rejects.toThrow("not assignable");
    expect(rememberedCheck(project.path("filter.ts"))).toBeUndefined();
  });
});
