import { fileURLToPath } from "node:url";

import { describe, expect, test } from "vitest";

import { runNode } from "../run-node.ts";
import type { Outcome } from "../run-node.ts";
import { tempProject } from "../temp-project.ts";

const CLI = fileURLToPath(new URL("../../build/cli.ts", import.meta.url));
const TSX = import.meta.resolve("tsx");

function run(args: readonly string[], nodeOptions: readonly string[] = []): Promise<Outcome> {
  return runNode([...nodeOptions, "--import", TSX, CLI, ...args]);
}

describe("usage", () => {
  test("--help lists the commands", async () => {
    const { status, stdout } = await run(["--help"]);
    expect(status).toBe(0);
    expect(stdout).toContain("Usage: proxy-wasm-ts COMMAND");
    expect(stdout).toContain("build         build a Proxy-Wasm module from a filter");
  });

  test("build --help explains the command", async () => {
    const { status, stdout } = await run(["build", "--help"]);
    expect(status).toBe(0);
    expect(stdout).toContain("Usage: proxy-wasm-ts build ENTRY.ts -o OUT.wasm [options]");
    expect(stdout).toContain("--debug-intermediate-files DIR");
  });

  test("--version is the package's", async () => {
    expect((await run(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test.each([
    [[], "Usage: proxy-wasm-ts COMMAND"],
    [["teleport"], "proxy-wasm-ts: unknown command teleport\n\nUsage: proxy-wasm-ts COMMAND"],
    [["--teleport"], "proxy-wasm-ts: unknown option --teleport\n\nUsage: proxy-wasm-ts COMMAND"],
    [["build"], "proxy-wasm-ts: build takes one filter, not none\n\nUsage: proxy-wasm-ts build"],
    [["build", "a.ts", "b.ts", "-o", "c"], "proxy-wasm-ts: build takes one filter, not a.ts b.ts\n\nUsage:"],
    [["build", "a.ts"], "proxy-wasm-ts: build needs -o OUT.wasm, the file to write\n\nUsage:"],
    [["build", "a.ts", "-o", "b", "--fast"], "proxy-wasm-ts: Unknown option '--fast'"],
    [["build", "a.ts", "-o"], "proxy-wasm-ts: Option '-o, --output <value>' argument missing"],
  ])("%j is wrong usage", async (args, message) => {
    const { status, stdout, stderr } = await run(args);
    expect(status).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(message);
  });
});

test("a Node that is too old", async () => {
  const pretend = `Object.defineProperty(process.versions, "node", { value: "18.20.8" })`;
  const { status, stderr } = await run(["build"], ["--import", `data:text/javascript,${encodeURIComponent(pretend)}`]);
  expect(status).toBe(1);
  expect(stderr).toBe(
    "proxy-wasm-ts needs Node 20 or newer, and this is Node 18.20.8. " +
      'Install a newer one (nodejs.org, or "nvm install 20") and run the command again.\n',
  );
});

describe("exit status", () => {
  test("1 for a filter that cannot be built", async () => {
    await using project = await tempProject({ "filter.ts": "export default 1 2;\n" });
    const { status, stdout, stderr } = await run(["build", project.path("filter.ts"), "-o", project.path("out.wasm")]);
    expect(status).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(
      /^\S+filter\.ts:1:18 - error: Expected ";" but found "2"\n\n1 export default 1 2;\n {19}~\n$/,
    );
  });

  test("3 for type errors", async () => {
    const code = `import { defineFilter } from "proxy-wasm-ts";\nexport default defineFilter({ onError: "never" });\n`;
    await using project = await tempProject({ "filter.ts": code });
    const { status, stdout, stderr } = await run(["build", project.path("filter.ts"), "-o", project.path("out.wasm")]);
    expect(status).toBe(3);
    expect(stdout).toBe("");
    expect(stderr).toContain(`error TS2322: Type '"never"' is not assignable to type`);
  });
});

describe("files", () => {
  const filter = `import { defineFilter } from "proxy-wasm-ts";\nexport default defineFilter({});\n`;

  test("an entry that is not there", async () => {
    await using project = await tempProject({});
    const { status, stderr } = await run(["build", project.path("filter.ts"), "-o", project.path("out.wasm")]);
    expect(status).toBe(1);
    expect(stderr).toBe(
      `cannot read ${project.path("filter.ts")}: there is no such file. Name the file whose default export is the filter.\n`,
    );
  });

  test("an output folder that cannot be made", async () => {
    await using project = await tempProject({ "filter.ts": filter, file: "" });
    const { status, stderr } = await run(["build", project.path("filter.ts"), "-o", project.path("file/out.wasm")]);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^cannot write the folder \S+file: (file already exists|not a directory)\. Choose another place/,
    );
  });

  test("an output that is a folder", async () => {
    await using project = await tempProject({ "filter.ts": filter, "out/file": "" });
    const { status, stderr } = await run(["build", project.path("filter.ts"), "-o", project.path("out")]);
    expect(status).toBe(1);
    expect(stderr).toBe(`cannot write ${project.path("out")}: it is a folder. Name a file in it.\n`);
  });

  test("an output that is the filter itself", async () => {
    await using project = await tempProject({ "filter.ts": filter });
    const path = project.path("filter.ts");
    const { status, stderr } = await run(["build", path, "-o", path]);
    expect(status).toBe(1);
    expect(stderr).toContain("is the filter's own file");
  });
});
