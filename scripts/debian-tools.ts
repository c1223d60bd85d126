/** Programs that only distributions have: those on the PATH, or Debian's packages in .cache/debian, which needs no root. */

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { withFileLock } from "./file-lock.ts";

const run = promisify(execFile);

const CACHE = fileURLToPath(new URL("../.cache/debian/", import.meta.url));
const ROOT = join(CACHE, "root");
/** Written last. */
const STAMP = join(CACHE, "done");

export type DebianTool = "skopeo" | "buildah";

const PACKAGES: readonly DebianTool[] = ["skopeo", "buildah"];

/** A program, and what its environment needs. */
export interface Program {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}

/** @throws Error that says how to get it, when it is not there and there is no apt to fetch it with */
export async function debianTool(name: DebianTool): Promise<Program> {
  if (await runs(name)) {
    return { path: name, env: {} };
  }
  await withFileLock(join(CACHE, "lock"), async () => {
    if (!existsSync(STAMP)) {
      await fetchPackages();
    }
  });
  const libraries = (await readdir(join(ROOT, "usr/lib"))).filter((folder) => folder.includes("linux-gnu"));
  const env = { LD_LIBRARY_PATH: libraries.map((folder) => join(ROOT, "usr/lib", folder)).join(":") };
  return { path: join(ROOT, "usr/bin", name), env };
}

/** The file of trust that both programs want, and that is /etc/containers/policy.json in a system that has them. */
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

async function runs(program: string): Promise<boolean> {
  return await run(program, ["--version"]).then(
    () => true,
    () => false,
  );
}

async function fetchPackages(): Promise<void> {
  const debs = join(CACHE, "debs");
  await rm(debs, { recursive: true, force: true });
  await mkdir(debs, { recursive: true });
  await mkdir(join(CACHE, "lists/partial"), { recursive: true });
  process.stderr.write("fetching skopeo and buildah from Debian into .cache/debian (once, about 120 MB) ...\n");
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
    const plan = ["install", "--simulate", "--no-install-recommends", "--no-upgrade", "-qq", ...own, ...PACKAGES];
    const { stdout } = await run("apt-get", plan);
    const wanted = [...stdout.matchAll(/^Inst (\S+)/gm)].map(([, name = ""]) => name);
    await run("apt-get", ["download", "-qq", ...own, ...wanted], { cwd: debs });
    for (const deb of await readdir(debs)) {
      await run("dpkg-deb", ["-x", join(debs, deb), ROOT]);
    }
  } catch (cause) {
    const said = cause instanceof Error && "stderr" in cause ? String(cause.stderr) : "";
    throw new Error(`there is no skopeo and no buildah; install them from your distribution's packages. ${said}`, {
      cause,
    });
  }
  await rm(debs, { recursive: true });
  await writeFile(STAMP, "");
}
