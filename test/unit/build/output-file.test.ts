import { readFile, readdir } from "node:fs/promises";

import { expect, test } from "vitest";

import { IntermediateFiles, prepareOutput, writeOutput } from "../../../build/output-file.ts";
import { tempProject } from "../../temp-project.ts";

test("the output's folder is made, with the folders around it", async () => {
  await using project = await tempProject({});
  const file = project.path("a/b/out.wasm");
  await prepareOutput(file);
  await writeOutput(file, "module");
  expect(await readFile(file, "utf8")).toBe("module");
});

test("a folder that cannot be made", async () => {
  await using project = await tempProject({ file: "" });
  await expect(prepareOutput(project.path("file/b/out.wasm"))).rejects.toThrow(
    `cannot write the folder ${project.path("file/b")}: not a directory. Choose another place, or change who may write there.`,
  );
});

test("a folder in which nobody may write, root included", async () => {
  await expect(writeOutput("/proc/self/fdinfo/out.wasm", "")).rejects.toThrow(
    /^cannot write \/proc\/self\/fdinfo\/out\.wasm: [a-z ]+\. Choose another place, or change who may write there\.$/,
  );
});

test("intermediate files go to their folder, which is made", async () => {
  await using project = await tempProject({});
  await new IntermediateFiles(project.path("steps/all")).write("1-bundle.js", "text");
  expect(await readdir(project.path("steps/all"))).toEqual(["1-bundle.js"]);
});

test("intermediate files are not written when nobody asks", async () => {
  await new IntermediateFiles(undefined).write("/proc/self/fdinfo/out", "text");
});
