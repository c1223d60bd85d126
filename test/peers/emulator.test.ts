/** The Go SDK's own host, its emulator `proxytest`, which its examples are tested with: emulator/ has the tests, in Go. */

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { beforeAll, describe, expect, test } from "vitest";

import { examplesOf, modulesOf } from "./modules.ts";

/** The emulator runs no TCP filters of WebAssembly, and has one plugin: envoy-go.test.ts has these. */
const NOT_THERE = ["network", "shared-queue"];

const EXAMPLES = (await examplesOf("go")).filter((name) => !NOT_THERE.includes(name));

/** What `go test` says of each test, by its name. */
const outcomes = new Map<string, { action: string; output: string }>();

beforeAll(async () => {
  const folder = fileURLToPath(new URL("emulator/", import.meta.url));
  const env = { ...process.env, PEERS_MODULES: modulesOf("go") };
  const said = await promisify(execFile)("go", ["test", "-count=1", "-json", "./..."], {
    cwd: folder,
    env,
    maxBuffer: 1 << 26,
  }).catch((error: unknown) => {
    const failed = error as { code?: unknown; stdout?: string; stderr?: string };
    if (failed.code === "ENOENT") {
      throw new Error("there is no go: install Go 1.24 or newer (its download page, or your distribution's package)");
    }
    return { stdout: failed.stdout ?? "", stderr: failed.stderr ?? "" };
  });
  for (const line of said.stdout.split("\n").filter((text) => text.startsWith("{"))) {
    const { Action, Test, Output } = JSON.parse(line) as { Action: string; Test?: string; Output?: string };
    if (Test !== undefined) {
      const [name = ""] = Test.split("/");
      const { action, output } = outcomes.get(name) ?? { action: "", output: "" };
      outcomes.set(name, { action: Test === name ? Action : action, output: output + (Output ?? "") });
    }
  }
  if (outcomes.size === 0) {
    throw new Error(`go test ran no test: ${said.stdout}${said.stderr}`);
  }
}, 180_000);

/** `http-body` has TestHttpBody, and TestHttpBodyEcho, but not TestHttpBodyChunk. */
function testsOf(example: string): string[] {
  const nameOf = (text: string) =>
    `Test${text.replace(/(^|-)(\w)/g, (_all, _dash, letter: string) => letter.toUpperCase())}`;
  const longer = EXAMPLES.filter((other) => other !== example && other.startsWith(`${example}-`)).map(nameOf);
  return [...outcomes.keys()].filter(
    (name) => name.startsWith(nameOf(example)) && !longer.some((other) => name.startsWith(other)),
  );
}

describe("the Go SDK's emulator", () => {
  test.each(EXAMPLES)("%s", (example) => {
    const tests = testsOf(example);
    expect(tests).not.toEqual([]);
    for (const name of tests) {
      const { action, output } = outcomes.get(name) ?? {};
      expect(action, output).toBe("pass");
    }
  });
});
