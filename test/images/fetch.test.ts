/** The code of Istio's agent fetches what the command line has pushed, and refuses what it should. See istio/fetch_test.go. */

import { createHash } from "node:crypto";
import { readFile, truncate } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";

import { goTool } from "../../scripts/go-tools.ts";
import { runCommand } from "../run-command.ts";
import { makeCertificates } from "./certificates.ts";
import { cli } from "./cli.ts";
import { GO_TEST_MS, goTest } from "./go-test.ts";
import { smallModule } from "./modules.ts";
import { FETCH_ERRORS } from "./quotes.ts";
import type { FetchError } from "./quotes.ts";
import * as raw from "./raw-images.ts";
import { PASSWORD, startRegistry, USERNAME } from "./registry.ts";
import type { Registry } from "./registry.ts";

interface FetchCase {
  readonly Name: string;
  readonly URL: string;
  readonly Sha256?: string;
  readonly PullSecret?: string;
  readonly Insecure?: string;
}

interface FetchOutcome {
  readonly Module: string;
  readonly Error: string;
}

const MODULE = "dist/filter.wasm";
const FORMATS = ["compat", "artifact", "docker"] as const;
const FETCHED = [
  ...FORMATS.flatMap((format) => [`${format} by its tag`, `${format} by its digest`, `${format} with TLS and a login`]),
  ...["by its tag, checked by sha256", "by its tag and digest", "with a certificate that nobody checks"],
];

/** What is closed at the end, in the order in which it was opened. */
const open: AsyncDisposable[] = [];
let outcomes: Readonly<Record<string, FetchOutcome>>;
let wanted: string;
let extension: FetchOutcome;

beforeAll(async () => {
  await Promise.all([goTool("oras"), goTool("registry")]);
  wanted = createHash("sha256")
    .update(await readFile(MODULE))
    .digest("hex");
  const trusted = use(await makeCertificates());
  const plain = use(await startRegistry());
  const secured = use(await startRegistry({ tls: trusted, login: true }));
  const other = use(await startRegistry({ tls: use(await makeCertificates()) }));
  const odd = use(await startRegistry({ login: true, realm: "our registry" }));
  const cases = [
    ...(await pushedTo(plain)),
    ...(await pushedWithTls(secured, trusted.authority)),
    ...(await untrusted(other)),
    ...(await refused(plain)),
    { Name: "no login", URL: `oci://${secured.host}/team/compat:v1` },
    { Name: "a realm that is no URL", URL: `oci://${odd.host}/team/compat:v1`, PullSecret: secret(odd) },
  ];
  const env = { SSL_CERT_FILE: trusted.authority };
  outcomes = await goTest("TestFetch", ["FETCH_CASES", "FETCH_OUTCOMES"], cases, env);
  extension = await goTest(
    "TestExtensionConfig",
    ["EXTENSION_CONFIG", "EXTENSION_OUTCOME"],
    await extensionConfig(plain),
  );
}, GO_TEST_MS);

afterAll(async () => {
  for (const resource of open) {
    await resource[Symbol.asyncDispose]();
  }
});

function use<T extends AsyncDisposable>(resource: T): T {
  open.push(resource);
  return resource;
}

/** @returns the reference with the digest, as it is printed */
async function push(image: string, args: readonly string[], stdin = ""): Promise<string> {
  const { status, stdout, stderr } = await cli(["push", image, MODULE, ...args], { stdin });
  expect(status, stderr).toBe(0);
  return stdout.trim();
}

async function pushedTo(registry: Registry): Promise<FetchCase[]> {
  const cases: FetchCase[] = [];
  for (const format of FORMATS) {
    const tag = `${registry.host}/team/${format}:v1`;
    const pinned = await push(tag, ["--plain-http", "--format", format]);
    cases.push({ Name: `${format} by its tag`, URL: `oci://${tag}` });
    cases.push({ Name: `${format} by its digest`, URL: `oci://${pinned}` });
    if (format === "compat") {
      const [, digest = ""] = pinned.split("@sha256:");
      cases.push({ Name: "by its tag, checked by sha256", URL: `oci://${tag}`, Sha256: digest });
      cases.push({ Name: "by its tag and digest", URL: `oci://${tag}@sha256:${digest}` });
      cases.push({ Name: "a wrong checksum", URL: `oci://${tag}`, Sha256: "0".repeat(64) });
    }
  }
  return cases;
}

/** As `kubectl create secret docker-registry` makes it. */
function secret({ host }: Registry): string {
  const auth = Buffer.from(`${USERNAME}:${PASSWORD}`).toString("base64");
  return JSON.stringify({ auths: { [host]: { username: USERNAME, password: PASSWORD, auth } } });
}

async function pushedWithTls(registry: Registry, authority: string): Promise<FetchCase[]> {
  const cases: FetchCase[] = [];
  for (const format of FORMATS) {
    const tag = `${registry.host}/team/${format}:v1`;
    const login = ["--ca-file", authority, "--username", USERNAME, "--password-stdin"];
    await push(tag, [...login, "--format", format], PASSWORD);
    cases.push({ Name: `${format} with TLS and a login`, URL: `oci://${tag}`, PullSecret: secret(registry) });
  }
  return cases;
}

async function untrusted(registry: Registry): Promise<FetchCase[]> {
  const tag = `${registry.host}/team/compat:v1`;
  await push(tag, ["--insecure"]);
  return [
    { Name: "an unknown authority", URL: `oci://${tag}` },
    { Name: "with a certificate that nobody checks", URL: `oci://${tag}`, Insecure: registry.host },
  ];
}

async function refused(registry: Registry): Promise<FetchCase[]> {
  const wasm = smallModule();
  const images: Partial<Record<FetchError, raw.RawImage>> = {
    "a cut layer": await raw.cutLayer(await readFile(MODULE)),
    "a layer of zstd": await raw.zstdLayer(wasm),
    "a third layer": await raw.threeLayers(wasm),
    "another file name": await raw.otherName(wasm),
    "no module": await raw.noModule(),
  };
  const cases: FetchCase[] = [];
  for (const [Name, { blobs, manifest }] of Object.entries(images)) {
    const repository = `odd/${Name.replaceAll(" ", "-")}`;
    await raw.upload(registry, repository, "v1", blobs, manifest);
    cases.push({ Name, URL: `oci://${registry.host}/${repository}:v1` });
  }
  const { blobs, manifest, index } = await raw.indexFor("arm64", wasm);
  const digest = await raw.upload(registry, "odd/platform", "arm64", blobs, manifest);
  expect(digest).toBe(manifest.digest);
  await raw.upload(registry, "odd/platform", "v1", [], index);
  cases.push({ Name: "another platform", URL: `oci://${registry.host}/odd/platform:v1` });
  cases.push({ Name: "an unknown tag", URL: `oci://${registry.host}/team/compat:v9` });
  cases.push({ Name: "nobody there", URL: "oci://127.0.0.1:1/team/compat:v1" });
  // What the registry stores is shorter than what it once took.
  const cut = await raw.cutLayer(smallModule(2));
  await raw.upload(registry, "odd/storage", "v1", cut.blobs, cut.manifest);
  const hex = cut.blobs.at(-1)?.digest.slice("sha256:".length) ?? "";
  await truncate(join(registry.storage, "docker/registry/v2/blobs/sha256", hex.slice(0, 2), hex, "data"), 20);
  cases.push({ Name: "a layer cut in the registry", URL: `oci://${registry.host}/odd/storage:v1` });
  return cases;
}

/** What istiod sends for the EnvoyFilter that the command prints. */
async function extensionConfig(registry: Registry): Promise<unknown> {
  const image = `oci://${registry.host}/team/compat:v1`;
  const { stdout } = await runCommand(["manifest", "--for", "envoyfilter", "--image", image]);
  const { spec } = parse(stdout) as { spec: { configPatches: { applyTo: string; patch: { value: unknown } }[] } };
  return spec.configPatches.find(({ applyTo }) => applyTo === "EXTENSION_CONFIG")?.patch.value;
}

describe("fetches what was pushed", () => {
  test.each(FETCHED)("%s", (name) => {
    expect(outcomes[name]).toEqual({ Module: wanted, Error: "" });
  });

  test("an EnvoyFilter's, when it looks into the configuration that is on its way to Envoy", () => {
    expect(extension.Module).toBe(wanted);
  });
});

describe("refuses", () => {
  test.each(Object.entries(FETCH_ERRORS))("%s", (name, message) => {
    expect(outcomes[name]?.Error).toContain(message);
  });
});
