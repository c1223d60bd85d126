import { mkdir, symlink } from "node:fs/promises";

import { expect, test } from "vitest";

import { TypeCheckError } from "../../build/errors.ts";
import { packageRoot } from "../../build/package-root.ts";
import { startTypeCheck } from "../../build/steps/typecheck.ts";
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
