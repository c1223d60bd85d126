import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { withFileLock } from "../../scripts/file-lock.ts";
import { CACHE } from "../folders.ts";
import { runTool } from "../tool.ts";
import type { Tool } from "../tool.ts";

/** Debian's Rust, unpacked into the cache: nothing is installed on the machine. */
export interface DebianRust {
  /** Absolute path of the compiler. */
  readonly rustc: string;
  /** What it and its linker need to run. */
  readonly env: Readonly<Record<string, string>>;
}

const FOLDER = join(CACHE, "rust");
const ROOT = join(FOLDER, "debian");
const USR = join(ROOT, "usr");
/** Where a Rust toolchain has the C library and the start files of WASI. */
const SELF_CONTAINED = join(USR, "lib/rustlib/wasm32-wasip1/lib/self-contained");

const DEBIAN: Pick<Tool, "howToGet"> = { howToGet: "This way needs Debian 12 or a distribution made from it." };
const APT_CACHE: Tool = { program: "apt-cache", ...DEBIAN };
const APT_GET: Tool = { program: "apt-get", ...DEBIAN };
const DPKG: Tool = { program: "dpkg", ...DEBIAN };
const TAR: Tool = { program: "tar", howToGet: "Install tar." };

/** Compiles for wasm32-wasip1 with `-Zbuild-std`, which makes the standard library from the sources that are here too. */
export async function debianRust(): Promise<DebianRust> {
  await withFileLock(join(FOLDER, "debian.lock"), async () => {
    if (!existsSync(ROOT)) {
      await unpack();
    }
  });
  const folders = await readdir(join(USR, "lib"));
  const folderLike = (pattern: RegExp) => join(USR, "lib", folders.find((name) => pattern.test(name)) ?? "");
  return {
    rustc: join(USR, "bin/rustc"),
    env: {
      LD_LIBRARY_PATH: folderLike(/-linux-/), // named after the machine's architecture
      CARGO_TARGET_WASM32_WASIP1_LINKER: join(folderLike(/^llvm-/), "bin/wasm-ld"),
    },
  };
}

async function unpack(): Promise<void> {
  process.stderr.write("unpacking Debian's Rust into .cache/bench/rust (once, about 140 MB of packages) ...\n");
  const temporary = await mkdtemp(join(FOLDER, "debian-"));
  try {
    const [packages, root] = [join(temporary, "packages"), join(temporary, "root")];
    await mkdir(packages);
    await runTool(APT_GET, ["download", ...(await packageNames())], { cwd: packages });
    for (const file of await readdir(packages)) {
      await runTool(DPKG, ["--extract", join(packages, file), root]);
    }
    await unpackWasiLibc(root);
    await rename(root, ROOT);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** The compiler, its libraries, the linker of the same LLVM, and the standard library's sources. */
async function packageNames(): Promise<readonly string[]> {
  const std = await dependency("libstd-rust-web-dev", /^libstd-rust-web-[\d.]+$/).catch(async () => {
    await runTool(APT_GET, ["update"]); // a new machine has no package lists; this needs root
    return dependency("libstd-rust-web-dev", /^libstd-rust-web-[\d.]+$/);
  });
  const llvm = await dependency(std, /^libllvm\d+$/);
  return ["rustc-web", "libstd-rust-web-dev", "rust-web-src", std, llvm, llvm.replace("libllvm", "lld-")];
}

/** The name of a package's dependency that has its version in its name. */
async function dependency(of: string, pattern: RegExp): Promise<string> {
  const listed = await runTool(APT_CACHE, ["depends", of]);
  const name = listed.split(/\s+/).find((word) => pattern.test(word));
  if (name === undefined) {
    throw new Error(`the package ${of} depends on nothing like ${String(pattern)}: it is another one than Debian 12's`);
  }
  return name;
}

/** The C library of WASI is not in Debian's Rust. clang's npm package, which compiles the engine, has the same one. */
async function unpackWasiLibc(root: string): Promise<void> {
  const archive = fileURLToPath(new URL("llvm-resources.tar", import.meta.resolve("@yowasp/clang")));
  const into = SELF_CONTAINED.replace(ROOT, root);
  await mkdir(into, { recursive: true });
  const files = ["crt1-command.o", "crt1-reactor.o", "libc.a"].map((name) => `lib/wasm32-wasip1/${name}`);
  await runTool(TAR, ["-xf", archive, "-C", into, "--strip-components=2", ...files]);
}
