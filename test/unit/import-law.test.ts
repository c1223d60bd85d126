import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { ts } from "../../scripts/lint/typescript.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** For each part of the house, what its files may import, besides what is in the same part. See docs/ARCHITECTURE.md. */
const LAW: readonly { readonly part: string; readonly allowed: readonly RegExp[] }[] = [
  { part: "src/abi", allowed: [] },
  { part: "src/sdk", allowed: [/^src\/abi\//] },
  { part: "src/filter", allowed: [/^proxy-wasm-ts$/] },
  {
    part: "build/engine",
    allowed: [/^src\/abi\//, /^build\/(wasm|package-root|file-stamps)/, /^node:/, /^@yowasp\/clang$/],
  },
  { part: "build/dev", allowed: [/^build\//, /^test\/host\//, /^node:/, /^watchpack$/] },
  {
    part: "build",
    allowed: [
      /^src\/abi\//,
      /^node:/,
      /^(esbuild|acorn|acorn-walk|typescript\/unstable\/sync|binaryen|yaml|fflate|modern-tar|@jridgewell\/trace-mapping)$/,
    ],
  },
  // The builder is loaded when a test gives a filter's source.
  {
    part: "test/host",
    allowed: [/^src\/abi\//, /^build\/(pipeline|steps\/bundle)\.ts$/, /^vitest$/, /^node:/],
  },
  // Takes the place of the engine and of the shim: what it has of the SDK are the shim's types.
  {
    part: "test/host/native",
    allowed: [/^src\/(abi\/|sdk\/shim\.ts$)/, /^test\/host\//, /^build\//, /^esbuild$/, /^node:/],
  },
  { part: "test/peers/filters", allowed: [/^proxy-wasm-ts$/] },
  { part: "test/peers/hostile/filters/typescript", allowed: [/^proxy-wasm-ts$/] },
  {
    part: "test/peers/hostile/filters/assemblyscript",
    allowed: [/^@solo-io\/proxy-runtime/, /^assemblyscript-(json|regex)$/],
  },
  {
    part: "test/peers/hostile",
    allowed: [/^(build|scripts|bench)\//, /^test\/(envoy\/|temp-project\.ts$)/, /^node:/],
  },
  { part: "bench/peers/assemblyscript", allowed: [/^@solo-io\/proxy-runtime/] },
  { part: "bench", allowed: [/^(build|scripts)\//, /^test\/(envoy|host)\//, /^proxy-wasm-ts$/, /^node:/] },
  { part: "demo", allowed: [/^proxy-wasm-ts\/testing$/, /^scripts\//, /^test\/envoy\//, /^node:/] },
];

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .map((name) => join(folder, name));
}

/** What a file imports: a package's name, or a path from the root. */
function importsOf(file: string): string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(root, file), "utf8"), true, true);
  return importedFiles.map(({ fileName }) =>
    fileName.startsWith(".") ? normalize(join(dirname(file), fileName)) : fileName,
  );
}

test.each(LAW)("$part imports only what the import law allows", ({ part, allowed }) => {
  const others = LAW.filter((law) => law.part.startsWith(`${part}/`)).map((law) => `${law.part}/`);
  const files = sourceFiles(part).filter((file) => !others.some((other) => file.startsWith(other)));
  expect(files.length).toBeGreaterThan(0);
  const offences = files.flatMap((file) =>
    importsOf(file)
      .filter((name) => !name.startsWith(`${part}/`) && !allowed.some((pattern) => pattern.test(name)))
      .map((name) => `${file} imports ${name}`),
  );
  expect(offences).toEqual([]);
});

test("only hostcalls.ts and dispatcher.ts touch the shim's raw functions", () => {
  const users = sourceFiles("src/sdk").filter((file) => {
    const text = readFileSync(join(root, file), "utf8");
    return /^import \{[^}]*\} from "\.\/shim\.ts";/m.test(text);
  });
  expect(users.sort()).toEqual(["src/sdk/dispatcher.ts", "src/sdk/hostcalls.ts"]);
});

test("the shim includes only the engine, the hash functions, the ABI header, its own files and libc", () => {
  const folder = join(root, "src/shim");
  const files = readdirSync(folder);
  const engine = ["quickjs.c", "libregexp.c", "libunicode.c", "dtoa.c", "dtoa.h", "abi.h"];
  const hashes = ["common.h", "MD5.c", "SHA1.c", "SHA256.c", "SHA384.c", "SHA512.c"];
  const offences = files.flatMap((file) =>
    [...readFileSync(join(folder, file), "utf8").matchAll(/^#include "(.*)"/gm)]
      .map(([, name = ""]) => name)
      .filter((name) => ![...engine, ...files, ...(file === "hash_functions.c" ? hashes : [])].includes(name))
      .map((name) => `${file} includes ${name}`),
  );
  expect(offences).toEqual([]);
});
