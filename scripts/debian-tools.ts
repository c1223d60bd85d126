/** Programs that only distributions have: those on the PATH, or Debian's packages in .cache/debian, which needs no root. */

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { withFileLock } from "./file-lock.ts";

const run = promisify(execFile);

const CACHE = fileURLToPath(new URL("../.cache/debian/", import.meta.url));

interface Tool {
  readonly packages: readonly string[];
  /** Whether the one on the PATH has all that is wanted. */
  readonly works: () => Promise<boolean>;
}

const TOOLS = {
  skopeo: { packages: ["skopeo"], works: () => answers("skopeo", ["--version"]) },
  buildah: { packages: ["buildah"], works: () => answers("buildah", ["--version"]) },
  clang: { packages: ["clang", "libclang-rt-dev"], works: fuzzes },
  "llvm-cov": { packages: ["llvm"], works: () => answers("llvm-cov", ["--version"]) },
  "llvm-profdata": { packages: ["llvm"], works: () => answers("llvm-profdata", ["show", "--version"]) },
} satisfies Record<string, Tool>;

export type DebianTool = keyof typeof TOOLS;

/** A program, and what its environment needs. */
export interface Program {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}

/** @throws Error that says how to get it, when it is not there and there is no apt to fetch it with */
export async function debianTool(name: DebianTool): Promise<Program> {
  const { packages, works } = TOOLS[name];
  if (await works()) {
    return { path: name, env: {} };
  }
  const folder = join(CACHE, packages.join("+"));
  const root = join(folder, "root");
  await withFileLock(join(CACHE, "lock"), async () => {
    if (!existsSync(join(folder, "done"))) {
      await fetchPackages(packages, folder);
    }
  });
  const libraries = (await readdir(join(root, "usr/lib"))).filter((entry) => entry.includes("linux-gnu"));
  const env = { LD_LIBRARY_PATH: libraries.map((entry) => join(root, "usr/lib", entry)).join(":") };
  return { path: join(root, "usr/bin", name), env };
}

/** The file of trust that skopeo and buildah want, and that is /etc/containers/policy.json in a system that has them. */
export async function signaturePolicy(folder: string): Promise<string> {
  const file = join(folder, "policy.json");
  const system = "/etc/containers/policy.json";
  if (existsSync(system)) {
    await copyFile(system, file);
  } else {
    await writeFile(file, JSON.stringify({ default: [{ type: "insecureAcceptAnything" }] }));
  }
  return file;
}

async function answers(program: string, args: readonly string[]): Promise<boolean> {
  return await run(program, args).then(
    () => true,
    () => false,
  );
}

/** Whether there is a clang, with libFuzzer and the sanitizers, which are packages of their own. */
async function fuzzes(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), "clang-"));
  const source = join(folder, "target.c");
  await writeFile(source, "int LLVMFuzzerTestOneInput(const unsigned char *data, unsigned long size) { return 0; }\n");
  const links = await answers("clang", ["-fsanitize=fuzzer,address,undefined", "-o", join(folder, "target"), source]);
  await rm(folder, { recursive: true });
  return links;
}

async function fetchPackages(packages: readonly string[], folder: string): Promise<void> {
  const debs = join(folder, "debs");
  await rm(folder, { recursive: true, force: true });
  await mkdir(debs, { recursive: true });
  await mkdir(join(CACHE, "lists/partial"), { recursive: true });
  process.stderr.write(`fetching ${packages.join(" and ")} from Debian into .cache/debian (once) ...\n`);
  // Lists of its own: the system's may be missing or old, and only root may change them.
  const own = [
    "-o",
    `Dir::State::lists=${join(CACHE, "lists")}`,
    "-o",
    "APT::Sandbox::User=root",
    "-o",
    "Debug::NoLocking=1",
  ];
  try {
    await run("apt-get", ["update", "-qq", ...own]);
    const plan = ["install", "--simulate", "--no-install-recommends", "--no-upgrade", "-qq", ...own, ...packages];
    const { stdout } = await run("apt-get", plan);
    const wanted = [...stdout.matchAll(/^Inst (\S+)/gm)].map(([, name = ""]) => name);
    await run("apt-get", ["download", "-qq", ...own, ...wanted], { cwd: debs });
    for (const deb of await readdir(debs)) {
      await run("dpkg-deb", ["-x", join(debs, deb), join(folder, "root")]);
    }
  } catch (cause) {
    const said = cause instanceof Error && "stderr" in cause ? String(cause.stderr) : "";
    throw new Error(
      `not on the PATH, and Debian's packages cannot be fetched; install ${packages.join(" and ")} from your distribution. ${said}`,
      { cause },
    );
  }
  await rm(debs, { recursive: true });
  await writeFile(join(folder, "done"), "");
}
