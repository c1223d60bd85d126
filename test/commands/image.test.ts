import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

import { run } from "../run-node.ts";
import { runCommand } from "../run-command.ts";
import { tempProject } from "../temp-project.ts";
import type { TempProject } from "../temp-project.ts";

/** A Proxy-Wasm module, byte by byte, so that its images' digests can be written down. */
const MODULE = Buffer.from(
  "0061736d0100000001100360017f017f60000060037f7f7f017f0304030001020503010001074804066d656d6f72790200066d616c6c6f6300001770" +
    "726f78795f6162695f76657273696f6e5f305f325f3100011870726f78795f6f6e5f726571756573745f6865616465727300020a0e03040041000b02" +
    "000b040041000b",
  "hex",
);

const home = process.cwd();
let project: TempProject;

beforeAll(async () => {
  const manifest = { version: "1.2.3", repository: { type: "git", url: "git+https://example.com/team/filter.git" } };
  project = await tempProject({
    "package.json": JSON.stringify(manifest),
    "text.wasm": "hello",
    "none/package.json": "{}",
  });
  await mkdir(project.path("build"));
  await writeFile(project.path("build/filter.wasm"), MODULE);
  await writeFile(project.path("none/filter.wasm"), MODULE);
  await writeFile(project.path("empty.wasm"), Buffer.from("0061736d01000000", "hex"));
  process.chdir(project.path(""));
});

afterEach(() => {
  delete process.env["SOURCE_DATE_EPOCH"];
});

afterAll(async () => {
  process.chdir(home);
  await project[Symbol.asyncDispose]();
});

async function image(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await runCommand(["image", ...args]);
  expect([status, stderr]).toEqual([0, ""]);
  return stdout;
}

interface Manifest {
  readonly mediaType: string;
  readonly config: { readonly mediaType: string; readonly digest: string; readonly size: number };
  readonly layers: readonly { readonly mediaType: string; readonly digest: string; readonly size: number }[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Reads a layout, and looks at each blob's name and size on the way. */
async function readLayout(layout: string) {
  const blobOf = async (digest: string) => {
    const bytes = await readFile(project.path(`${layout}/blobs/sha256/${digest.replace("sha256:", "")}`));
    expect(`sha256:${createHash("sha256").update(bytes).digest("hex")}`).toBe(digest);
    return bytes;
  };
  const index = JSON.parse(await readFile(project.path(`${layout}/index.json`), "utf8")) as {
    manifests: [{ digest: string; mediaType: string; size: number; annotations: Record<string, string> }];
  };
  const [entry] = index.manifests;
  const text = await blobOf(entry.digest);
  expect(text.length).toBe(entry.size);
  const manifest = JSON.parse(text.toString()) as Manifest;
  const config = await blobOf(manifest.config.digest);
  const layers = await Promise.all(manifest.layers.map(({ digest }) => blobOf(digest)));
  expect(manifest.layers.map(({ size }) => size)).toEqual(layers.map(({ length }) => length));
  return { entry, manifest, config: JSON.parse(config.toString()) as Record<string, unknown>, layers };
}

const NOTHING = ["--annotation", "version=", "--annotation", "source="];

describe("the same module is the same image", () => {
  // On every machine, and with every Node: who finds another digest here has found what makes a pin useless.
  test.each([
    ["compat", "904 bytes", "sha256:a13d076bfb6f551cdbec2e57cd64b622c7b2374be8009be16085748a675c3e45"],
    ["artifact", "1.0 KiB", "sha256:ebb54714d726d45f8908f52a98c9015244bf0f78029442b670e337bfda7e1c1d"],
  ])("%s", async (format, size, digest) => {
    const folder = `same-${format}`;
    const printed = await image("build/filter.wasm", "-o", folder, "--format", format, ...NOTHING);
    expect(printed).toBe(`${folder}: ${format} image of build/filter.wasm, ${size}\ndigest: ${digest}\n`);
  });

  test("docker", async () => {
    const printed = await image("build/filter.wasm", "-o", "same.tar", "--format", "docker", ...NOTHING);
    expect(printed).toMatch(
      /^same\.tar: docker image of build\/filter\.wasm, [\d.]+ \w+\nimage id: sha256:73c965c9b7f311938ed8289ae32757b766cecaa5f6e3792d5c7134ab7a6d3948\n$/,
    );
    const first = await readFile(project.path("same.tar"));
    await image("build/filter.wasm", "-o", "same.tar", "--format", "docker", ...NOTHING);
    expect(Buffer.compare(await readFile(project.path("same.tar")), first)).toBe(0);
  });
});

describe("formats", () => {
  test("compat: an OCI image whose only layer is a tar.gz with plugin.wasm", async () => {
    await image("build/filter.wasm", "--output", "compat");
    expect(JSON.parse(await readFile(project.path("compat/oci-layout"), "utf8"))).toEqual({
      imageLayoutVersion: "1.0.0",
    });
    const { entry, manifest, config, layers } = await readLayout("compat");
    expect(entry).toMatchObject({
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      annotations: { "org.opencontainers.image.ref.name": "latest" },
    });
    expect(manifest).toMatchObject({
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { mediaType: "application/vnd.oci.image.config.v1+json" },
      layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip" }],
      annotations: { "module.wasm.image/variant": "compat" },
    });
    const [layer = Buffer.alloc(0)] = layers;
    const tar = gunzipSync(layer);
    const diffId = `sha256:${createHash("sha256").update(tar).digest("hex")}`;
    expect(config).toMatchObject({ rootfs: { type: "layers", diff_ids: [diffId] } });
    await writeFile(project.path("layer.tar"), tar);
    const list = await run("tar", ["--list", "--verbose", "--utc", "-f", "layer.tar"], project.path(""));
    expect(list.stdout).toMatch(/^-rw-r--r-- 0\/0 +\d+ 1970-01-01 00:00 plugin\.wasm\n$/);
    expect(tar.includes(MODULE)).toBe(true);
  });

  test("artifact: exactly two layers, a configuration and the module as it is", async () => {
    await image("build/filter.wasm", "-o", "artifact", "--format", "artifact", "--tag", "v1");
    const { entry, manifest, config, layers } = await readLayout("artifact");
    expect(entry.annotations).toEqual({ "org.opencontainers.image.ref.name": "v1" });
    expect(manifest.layers).toMatchObject([
      { mediaType: "application/vnd.module.wasm.config.v1+json" },
      {
        mediaType: "application/vnd.module.wasm.content.layer.v1+wasm",
        annotations: { "org.opencontainers.image.title": "plugin.wasm" },
      },
    ]);
    expect(config).toEqual({ type: "envoy_proxy", abiVersions: ["0.2.1"], config: {} });
    expect(Buffer.compare(layers[1] ?? Buffer.alloc(0), MODULE)).toBe(0);
  });

  test("docker: an archive for docker load", async () => {
    const printed = await image(
      "build/filter.wasm",
      "-o",
      "docker.tar",
      "--format",
      "docker",
      "-t",
      "localhost:5000/a/b:v1",
    );
    await mkdir(project.path("docker"));
    await run("tar", ["--extract", "-f", "../docker.tar"], project.path("docker"));
    const [entry] = JSON.parse(await readFile(project.path("docker/manifest.json"), "utf8")) as [
      { Config: string; RepoTags: string[]; Layers: [string] },
    ];
    expect(entry.RepoTags).toEqual(["localhost:5000/a/b:v1"]);
    const text = await readFile(project.path(`docker/${entry.Config}`));
    const id = createHash("sha256").update(text).digest("hex");
    expect(entry.Config).toBe(`${id}.json`);
    expect(printed).toContain(`image id: sha256:${id}`);
    const layer = await readFile(project.path(`docker/${entry.Layers[0]}`));
    expect(JSON.parse(text.toString())).toMatchObject({
      os: "linux",
      config: { Labels: { "org.opencontainers.image.version": "1.2.3" } },
      rootfs: { diff_ids: [`sha256:${createHash("sha256").update(layer).digest("hex")}`] },
    });
    expect(layer.includes(MODULE)).toBe(true);
  });
});

describe("annotations", () => {
  const prefix = "org.opencontainers.image.";

  test("title, version and source; no time, unless SOURCE_DATE_EPOCH is set", async () => {
    await image("build/filter.wasm", "-o", "notes");
    expect((await readLayout("notes")).manifest.annotations).toEqual({
      "module.wasm.image/variant": "compat",
      [`${prefix}title`]: "filter",
      [`${prefix}version`]: "1.2.3",
      [`${prefix}source`]: "https://example.com/team/filter",
    });
    process.env["SOURCE_DATE_EPOCH"] = "1700000000";
    await image("build/filter.wasm", "-o", "dated");
    const { manifest, config } = await readLayout("dated");
    expect(manifest.annotations).toMatchObject({ [`${prefix}created`]: "2023-11-14T22:13:20Z" });
    expect(config).toMatchObject({ created: "2023-11-14T22:13:20Z" });
  });

  test("of one's own, in the place of these", async () => {
    const chosen = ["version=2", "source=", "com.example.team=shop=a", "title=jump"];
    await image("build/filter.wasm", "-o", "chosen", ...chosen.flatMap((option) => ["--annotation", option]));
    expect((await readLayout("chosen")).manifest.annotations).toEqual({
      "module.wasm.image/variant": "compat",
      "com.example.team": "shop=a",
      [`${prefix}title`]: "jump",
      [`${prefix}version`]: "2",
    });
  });

  test("a package.json without a version is nothing to tell", async () => {
    await image("none/filter.wasm", "-o", "untold");
    expect((await readLayout("untold")).manifest.annotations).toEqual({
      "module.wasm.image/variant": "compat",
      [`${prefix}title`]: "filter",
    });
  });

  test.each(["yesterday", "-1", "253402300800"])("SOURCE_DATE_EPOCH=%s", async (epoch) => {
    process.env["SOURCE_DATE_EPOCH"] = epoch;
    const { status, stderr } = await runCommand(["image", "build/filter.wasm", "-o", "never"]);
    expect(status).toBe(1);
    expect(stderr).toContain(`SOURCE_DATE_EPOCH must be a number of seconds since 1970, not "${epoch}"`);
  });
});

describe("what cannot be packed", () => {
  test.each([
    [["nowhere.wasm", "-o", "x"], "cannot read nowhere.wasm: no such file or directory."],
    [
      ["text.wasm", "-o", "x"],
      "text.wasm is no WebAssembly module: it is a text, and does not begin with the bytes 00 61 73 6d",
    ],
    [["empty.wasm", "-o", "x"], "empty.wasm cannot be a plugin: it is no Proxy-Wasm module: it exports none of"],
    [
      ["build/filter.wasm", "-o", "build"],
      "cannot write the image to build: it holds filter.wasm. Name a new or empty folder",
    ],
    [["build/filter.wasm", "-o", "text.wasm"], "cannot write the image to text.wasm: it is a file, or lies in one"],
    [
      ["build/filter.wasm", "-o", "text.wasm/layout"],
      "cannot write the image to text.wasm/layout: it is a file, or lies in one",
    ],
    [
      ["build/filter.wasm", "-o", "build", "--format", "docker"],
      "cannot write build: it is a folder. Name a file in it.",
    ],
    [["build/filter.wasm", "-o", "x.tar", "--format", "docker", "-t", "filter:1"], "it has no registry"],
  ])("%j", async (args, message) => {
    const { status, stdout, stderr } = await runCommand(["image", ...args]);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(message);
    expect(await readdir(project.path(""))).not.toContain("x");
  });

  test("a folder with an image", async () => {
    await image("build/filter.wasm", "-o", "twice");
    const { status, stderr } = await runCommand(["image", "build/filter.wasm", "-o", "twice"]);
    expect(status).toBe(1);
    expect(stderr).toContain(
      "cannot write the image to twice: it holds an image already. Name a new or empty folder, or remove it",
    );
  });

  test.each([
    [[], "image takes one module, not none"],
    [["a.wasm", "b.wasm", "-o", "x"], "image takes one module, not a.wasm b.wasm"],
    [["build/filter.wasm"], "image needs -o PLACE, the folder or archive to write"],
    [["build/filter.wasm", "-o", "x", "--format", "oci"], `--format must be compat, artifact, docker, not "oci"`],
    [["build/filter.wasm", "-o", "x", "--tag", "a/b:v1"], `--tag must be a tag such as v1, not "a/b:v1"`],
  ])("%j is wrong usage", async (args, message) => {
    const { status, stderr } = await runCommand(["image", ...args]);
    expect(status).toBe(2);
    expect(stderr).toContain(`proxy-wasm-ts: ${message}`);
    expect(stderr).toContain("\n\nUsage: proxy-wasm-ts image FILE.wasm -o PLACE [options]\n");
  });
});
