import { mkdir, readdir, symlink } from "node:fs/promises";

import { expect, test } from "vitest";

import { TypeCheckError } from "../../build/errors.ts";
import { packageRoot } from "../../build/package-root.ts";
import { startTypeCheck, TypeCheckEnded } from "../../build/steps/typecheck.ts";
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
  expect(result).toMatchObject({ milliseconds: expect.any(Number) as number });
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
  expect(await startTypeCheck(project.path("filter.ts")).done).toMatchObject({ files: 1 });
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
  expect(message).toContain("tsconfig.json:1:24 - error TS5023: Unknown compiler option 'strcit'.");
});

test("paths are those of the file that names them", async () => {
  const files = {
    "apps/filter.ts": `${FILTER}import { a } from "#lib/a";\nexport const b: number = a;\n`,
    "apps/tsconfig.json": `{ "extends": "../tsconfig.base.json" }`,
    "lib/a.ts": "export const a = 1;\n",
    "tsconfig.base.json": `{ "compilerOptions": { /* a comment */ "paths": { "#lib/*": ["./lib/*"] } } }`,
  };
  await using project = await tempProject(files);
  expect(await startTypeCheck(project.path("apps/filter.ts")).done).toMatchObject({ files: 2 });
});

test("a project that does not list the filter", async () => {
  const tsconfig = JSON.stringify({ compilerOptions: { noUnusedLocals: true }, include: ["elsewhere"] });
  const files = { "filter.ts": `${FILTER}const unused = 1;\n`, "tsconfig.json": tsconfig };
  expect(await check(files)).toMatch(/TS6133.*\n[^]*1 type error;/);
  expect(await check({ ...files, "filter.ts": FILTER })).toBe("no errors");
});

test("a tsconfig.json that is cut off", async () => {
  const message = await check({ "filter.ts": FILTER, "tsconfig.json": `{ "compilerOptions": {` });
  expect(message).toMatch(/tsconfig\.json:1:23 - error TS1005: '}' expected\./);
});

test("every error of every file is told, and none of the SDK's", async () => {
  const files = {
    "filter.ts": `import { x } from "./x.ts";\n${FILTER}export const y: string = x;\nlet z: number = "";\nz = (;\n`,
    "x.ts": "export const x: number = { a: 1 };\n",
    "tsconfig.json": `{ "compilerOptions": { "strict": true, "lib": ["ES2023", "DOM"], "noPropertyAccessFromIndexSignature": true } }`,
  };
  const syntax = await check(files);
  expect(syntax).toMatch(/filter\.ts:12:6 - error TS1109: Expression expected\./);
  const message = await check({ ...files, "filter.ts": files["filter.ts"].replace("z = (;\n", "") });
  expect(message.match(/^\S+:\d+:\d+ - error TS\d+/gm)?.map((line) => line.replace(/^.*[/\\]/, ""))).toEqual([
    "filter.ts:10:14 - error TS2322",
    "filter.ts:11:5 - error TS2322",
    "x.ts:1:14 - error TS2322",
  ]);
  expect(message).toContain("3 type errors; --no-typecheck");
});

test("a check that nobody waits for ends, and leaves nothing behind", async () => {
  await using project = await tempProject({ "filter.ts": FILTER, "node_modules/.keep": "" });
  const check = startTypeCheck(project.path("filter.ts"));
  check.cancel();
  await expect(check.done).rejects.toThrow(TypeCheckEnded);
  const late = startTypeCheck(project.path("filter.ts"));
  setTimeout(late.cancel, 60);
  await late.done.catch((error: unknown) => {
    expect(error).toBeInstanceOf(TypeCheckEnded);
  });
  expect(await readdir(project.path("node_modules/.cache/proxy-wasm-ts"))).toEqual([]);
});
