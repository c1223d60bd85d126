/** What `proxy-wasm-ts push` refuses before it needs a registry; test/images has the rest. */

import { describe, expect, test } from "vitest";

import { runCommand } from "../run-command.ts";

describe("what is no name to push to", () => {
  test.each([
    [
      "filter:1",
      `"filter:1" is no name of an image: it has no registry. Write it whole, such as registry.example.com/`,
    ],
    ["team/filter:1", `"team/filter:1" is no name of an image: it has no registry.`],
    ["localhost:5000/filter", "localhost:5000/filter has no tag. Add one, such as localhost:5000/filter:v1"],
    ["localhost:5000/Filter:v1", `"Filter" is no path in a registry; write it in small letters`],
    ["oci://localhost:5000/filter:v1", "write it without oci://, such as"],
    ["localhost:99999/filter:v1", `"localhost:99999" is no host with a port`],
    ["localhost:5000/filter:v 1", `"v 1" is no tag`],
    [`localhost:5000/filter@sha256:${"0".repeat(64)}`, "is a digest, which follows from what is pushed. Name a tag"],
  ])("the name %s", async (image, message) => {
    const { status, stdout, stderr } = await runCommand(["push", image, "dist/filter.wasm"]);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(message);
  });
});

describe("wrong usage", () => {
  test.each([
    [["--username", "a"], "--username and --password-stdin go together"],
    [["--format", "zip"], `--format must be compat, artifact, docker, not "zip"`],
    [["--annotation", "v1"], `--annotation must be NAME=TEXT`],
    [["more.wasm"], "push takes the name of an image and a module"],
  ])("%j is wrong usage", async (args, message) => {
    const { status, stderr } = await runCommand(["push", "localhost:5000/filter:v1", "dist/filter.wasm", ...args]);
    expect(status).toBe(2);
    expect(stderr).toContain(`proxy-wasm-ts: ${message}`);
  });
});

test("a module that is none", async () => {
  const { status, stderr } = await runCommand(["push", "localhost:5000/none:v1", "package.json"]);
  expect(status).toBe(1);
  expect(stderr).toContain("package.json is no WebAssembly module: it is a text");
});

test("a module that is not there, which is dist/filter.wasm by default", async () => {
  const { status, stderr } = await runCommand(["push", "localhost:5000/none:v1", "nowhere.wasm"]);
  expect(status).toBe(1);
  expect(stderr).toContain("cannot read nowhere.wasm: no such file or directory.");
  expect((await runCommand(["push", "--help"])).stdout).toContain("FILE.wasm is dist/filter.wasm by default");
});
