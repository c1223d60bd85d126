import { chmod, mkdir, writeFile } from "node:fs/promises";
import { delimiter } from "node:path";

import { afterEach, expect, test, vi } from "vitest";

import { engineSource } from "../../../build/engine/source.ts";
import { tempProject } from "../../temp-project.ts";

const SOURCE = { name: "a-package", version: "1", sha256: "0".repeat(64), folder: "c" };

afterEach(() => {
  vi.unstubAllEnvs();
});

/** What fetching ends with when `python3` is a script with this text, or is not there. */
async function failureWith(script: string | undefined): Promise<string> {
  await using project = await tempProject({});
  const bin = project.path("bin");
  await mkdir(bin);
  if (script !== undefined) {
    await writeFile(`${bin}/python3`, `#!/bin/sh\n${script}\n`);
    await chmod(`${bin}/python3`, 0o755);
  }
  vi.stubEnv("PATH", script === undefined ? bin : [bin, process.env["PATH"] ?? ""].join(delimiter));
  const error: unknown = await engineSource(project.path("cache"), SOURCE).catch((reason: unknown) => reason);
  return String(error);
}

test("no Python, no pip, no package: each error says what to do", async () => {
  expect(await failureWith(undefined)).toContain(
    "cannot fetch the engine's source: there is no python3 on the PATH. Install Python 3 with pip (Debian: python3 python3-pip).",
  );
  expect(await failureWith("echo 'No module named pip' >&2; exit 1")).toContain("python3 has no pip. Install it");
  expect(await failureWith("echo 'ERROR: no matching distribution' >&2; exit 1")).toContain(
    "cannot fetch the engine's source: ERROR: no matching distribution",
  );
  expect(await failureWith("exit 0")).toContain("pip fetched a-package 1, but there is no ");
});

test("an altered archive is refused", async () => {
  await using project = await tempProject({ "a_package-1.tar.gz": "altered" });
  await expect(engineSource(project.path(""), SOURCE)).rejects.toThrow(
    /a_package-1\.tar\.gz is not the pinned source: its SHA-256 is [0-9a-f]{64}, expected 0{64}\. Delete it and build again\.$/,
  );
});
