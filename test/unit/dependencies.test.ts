import { readFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { checkDependencies, mayUse } from "../../scripts/dependencies.ts";
import type { LockFile } from "../../scripts/dependencies.ts";

test("all dependencies are pinned, have a licence that the project may use, and run nothing when they are installed", async () => {
  expect(checkDependencies(JSON.parse(await readFile("package-lock.json", "utf8")) as LockFile)).toEqual([]);
});

test("what is wrong with a dependency is told", () => {
  const locked = { license: "MIT", integrity: "sha512-x", resolved: "https://registry/x.tgz" };
  expect(
    checkDependencies({
      packages: {
        "": {},
        "scripts/tool": {},
        "node_modules/tool": { resolved: "scripts/tool", link: true },
        "scripts/tool/node_modules/nested": { ...locked, license: "GPL-3.0" },
        "node_modules/good": locked,
        "node_modules/licence": { ...locked, license: "GPL-3.0" },
        "node_modules/no-licence": { integrity: "sha512-x" },
        "node_modules/unpinned": { license: "MIT" },
        "node_modules/elsewhere": { ...locked, resolved: "git+ssh://somewhere" },
        "node_modules/script": { ...locked, hasInstallScript: true },
        "node_modules/mpl": { ...locked, license: "MPL-2.0" },
        "node_modules/mpl-dev": { ...locked, license: "MPL-2.0", dev: true },
      },
    }),
  ).toEqual([
    "scripts/tool/node_modules/nested: its licence, GPL-3.0, is none of those that the project may use",
    "node_modules/licence: its licence, GPL-3.0, is none of those that the project may use",
    "node_modules/no-licence: its licence, none, is none of those that the project may use",
    "node_modules/unpinned: no hash pins it",
    "node_modules/elsewhere: it comes from git+ssh://somewhere",
    "node_modules/script: it runs a script when it is installed",
    "node_modules/mpl: its licence, MPL-2.0, is none of those that the project may use",
  ]);
});

test("expressions of licences", () => {
  expect(mayUse("(MIT OR GPL-3.0)", ["MIT"])).toBe(true);
  expect(mayUse("(Apache-2.0 AND BSD-3-Clause)", ["Apache-2.0", "BSD-3-Clause"])).toBe(true);
  expect(mayUse("(Apache-2.0 AND GPL-3.0)", ["Apache-2.0"])).toBe(false);
});
