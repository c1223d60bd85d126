import { mkdir, mkdtemp, rename, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { stampOf, stampsOf } from "../../build/file-stamps.ts";

async function folderWith(file: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "file-stamps-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, file), "text");
  return folder;
}

test("stamps stay as long as nothing changes", async () => {
  const folder = await folderWith("a");
  expect(stampsOf([folder])).toEqual(stampsOf([folder]));
  expect(Object.keys(stampsOf([folder]))).toEqual([folder, join(folder, "a")]);
});

test.each<[string, (folder: string) => Promise<void>]>([
  ["becomes longer", (folder) => writeFile(join(folder, "a"), "longer")],
  ["is touched", (folder) => utimes(join(folder, "a"), 1, 1)],
  [
    "is replaced by one of the same size and time",
    async (folder) => {
      await utimes(join(folder, "a"), 1, 1);
      await writeFile(join(folder, "b"), "next");
      await utimes(join(folder, "b"), 1, 1);
      await rename(join(folder, "b"), join(folder, "a"));
    },
  ],
  ["gets another beside it", (folder) => writeFile(join(folder, "b"), "")],
  ["is removed", (folder) => rm(join(folder, "a"))],
  ["gets a folder beside it", (folder) => mkdir(join(folder, "b")).then(() => undefined)],
])("a folder's stamps change when a file in it %s", async (_, change) => {
  const folder = await folderWith("a");
  const before = stampsOf([folder]);
  await change(folder);
  expect(stampsOf([folder])).not.toEqual(before);
});

test("what is not there has an empty stamp", () => {
  expect(stampOf("/there/is/no/such/file")).toBe("");
});
