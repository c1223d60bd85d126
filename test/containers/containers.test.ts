/** Images of other tools: buildah with example/Containerfile, and skopeo with what `proxy-wasm-ts image` writes. Istio's fetcher gets them. */

import { createHash } from "node:crypto";
import { copyFile, readFile } from "node:fs/promises";

import { afterAll, beforeAll, expect, test } from "vitest";

import { packageRoot } from "../../build/package-root.ts";
import { debianTool, signaturePolicy } from "../../scripts/debian-tools.ts";
import type { DebianTool } from "../../scripts/debian-tools.ts";
import { goTool } from "../../scripts/go-tools.ts";
import { GO_TEST_MS, goTest } from "../images/go-test.ts";
import { digestOf, startRegistry } from "../images/registry.ts";
import type { Registry } from "../images/registry.ts";
import { runCommand } from "../run-command.ts";
import { run } from "../run-node.ts";
import { tempProject } from "../temp-project.ts";
import type { TempProject } from "../temp-project.ts";

let project: TempProject;
let registry: Registry;
let policy: string;
let outcomes: Readonly<Record<string, unknown>>;

const MODULE = "dist/filter.wasm";
const printed = new Map<string, string>();

async function use(name: DebianTool, args: readonly string[]): Promise<void> {
  const { path, env } = await debianTool(name);
  const variables = Object.entries({ ...env, CONTAINERS_REGISTRIES_CONF: project.path("registries.conf") });
  const command = [...variables.map(([key, value]) => `${key}=${value}`), path, ...args];
  const { status, stderr } = await run("env", command, project.path(""));
  expect(status, stderr).toBe(0);
}

async function build(format: "oci" | "docker"): Promise<void> {
  const storage = ["--storage-driver", "vfs", "--root", project.path("storage"), "--runroot", project.path("run")];
  const file = ["--file", `${packageRoot}/example/Containerfile`, "--format", format, "--isolation", "chroot"];
  const signature = ["--signature-policy", policy];
  await use("buildah", [...storage, "build", ...signature, ...file, "--tag", `plugin:${format}`, project.path("dist")]);
  const target = `docker://${registry.host}/buildah:${format}`;
  await use("buildah", [...storage, "push", ...signature, "--tls-verify=false", `plugin:${format}`, target]);
}

async function pack(format: string, place: string): Promise<void> {
  const { status, stdout, stderr } = await runCommand(["image", MODULE, "-o", project.path(place), "--format", format]);
  expect(status, stderr).toBe(0);
  printed.set(format, /sha256:[0-9a-f]{64}/.exec(stdout)?.[0] ?? "");
}

async function copy(source: string, tag: string): Promise<void> {
  const target = `docker://${registry.host}/skopeo:${tag}`;
  await use("skopeo", ["--policy", policy, "copy", "--dest-tls-verify=false", source, target]);
}

const IMAGES = ["buildah:oci", "buildah:docker", "skopeo:compat", "skopeo:artifact", "skopeo:docker"];

beforeAll(async () => {
  project = await tempProject({ "registries.conf": "unqualified-search-registries = []\n", "dist/.keep": "" });
  await copyFile(MODULE, project.path("dist/filter.wasm"));
  policy = await signaturePolicy(project.path(""));
  await goTool("registry");
  registry = await startRegistry();
  await build("oci");
  await build("docker");
  for (const format of ["compat", "artifact"]) {
    await pack(format, format);
    await copy(`oci:${project.path(format)}:latest`, format);
  }
  await pack("docker", "docker.tar");
  await copy(`docker-archive:${project.path("docker.tar")}`, "docker");
  const cases = IMAGES.map((Name) => ({ Name, URL: `oci://${registry.host}/${Name}` }));
  outcomes = await goTest("TestFetch", ["FETCH_CASES", "FETCH_OUTCOMES"], cases);
}, GO_TEST_MS);

afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
});

test.each(IMAGES)("Istio's fetcher gets the module of %s", async (name) => {
  const Module = createHash("sha256")
    .update(await readFile(MODULE))
    .digest("hex");
  expect(outcomes[name]).toEqual({ Module, Error: "" });
});

test.each(["compat", "artifact"])("skopeo leaves the digest of %s as it was printed", async (format) => {
  expect(await digestOf(registry, "skopeo", format)).toBe(printed.get(format));
});

test("docker load would find the image that skopeo finds", async () => {
  const { path, env } = await debianTool("skopeo");
  const args = ["--policy", policy, "inspect", "--config", `docker-archive:${project.path("docker.tar")}`];
  const variables = Object.entries(env).map(([key, value]) => `${key}=${value}`);
  const { status, stdout, stderr } = await run("env", [...variables, path, ...args], project.path(""));
  expect(status, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ os: "linux", rootfs: { type: "layers" } });
});
