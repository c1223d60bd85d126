/** The programs of a mesh's control plane, built from Go modules (see mesh-programs/go.mod) into the project's own cache. */

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { startChild } from "./child.ts";
import { withFileLock } from "./file-lock.ts";

const run = promisify(execFile);

const MODULES = fileURLToPath(new URL("mesh-programs/", import.meta.url));
const CACHE = fileURLToPath(new URL("../.cache/mesh/", import.meta.url));
const PROGRAMS = join(CACHE, "programs");
/** Written last: says of which sources everything is there. */
const STAMP = join(PROGRAMS, "sources.sha256");

const ISTIO = "istio.io/istio";
const KUBERNETES = "k8s.io/kubernetes";

const PACKAGES = {
  etcd: "go.etcd.io/etcd/server/v3",
  kubectl: `${KUBERNETES}/cmd/kubectl`,
  "kube-apiserver": `${KUBERNETES}/cmd/kube-apiserver`,
  "pilot-agent": `${ISTIO}/pilot/cmd/pilot-agent`,
  "pilot-discovery": `${ISTIO}/pilot/cmd/pilot-discovery`,
} as const;

/** Files that a mesh needs besides programs, and the module that has them. */
const FILES = {
  "istio-crds.yaml": [ISTIO, "manifests/charts/base/files/crd-all.gen.yaml"],
  "envoy_bootstrap.json": [ISTIO, "tools/packaging/common/envoy_bootstrap.json"],
  "route-crd.yaml": ["github.com/openshift/api", "route/v1/zz_generated.crd-manifests/routes.crd.yaml"],
} as const;

export type MeshProgram = keyof typeof PACKAGES;
export type MeshFile = keyof typeof FILES;

const STILL_BUILDING_MS = 30_000;

/** The absolute path of a program or a file that `installMeshPrograms` has installed. */
export function meshProgram(name: MeshProgram | MeshFile): string {
  return join(PROGRAMS, name);
}

/**
 * Builds what is not there, or was built from other modules.
 *
 * @param print - is told what happens: the first time takes minutes
 * @throws Error when there is no Go, or the modules cannot be had or built
 */
export async function installMeshPrograms(print: (line: string) => void): Promise<void> {
  const wanted = await sourcesHash();
  await withFileLock(join(CACHE, "programs.lock"), async () => {
    if (!(await isInstalled(wanted))) {
      await install(print);
      await writeFile(STAMP, wanted);
    }
  });
}

async function sourcesHash(): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify([PACKAGES, FILES]));
  for (const name of ["go.mod", "go.sum"]) {
    hash.update(await readFile(join(MODULES, name)));
  }
  return hash.digest("hex");
}

async function isInstalled(wanted: string): Promise<boolean> {
  const names = [...Object.keys(PACKAGES), ...Object.keys(FILES)];
  return (
    names.every((name) => existsSync(join(PROGRAMS, name))) &&
    (await readFile(STAMP, "utf8").catch(() => "")) === wanted
  );
}

async function install(print: (line: string) => void): Promise<void> {
  await checkGo();
  print(
    "building etcd, kube-apiserver, kubectl and Istio from Go modules into .cache/mesh: " +
      "once, about 8 minutes on two idle cores, and 6 GB of Go's own caches",
  );
  await rm(STAMP, { force: true });
  await mkdir(PROGRAMS, { recursive: true });
  for (const [name, [module, path]] of Object.entries(FILES)) {
    const { Dir } = await goModule(module);
    await rm(join(PROGRAMS, name), { force: true });
    await copyFile(join(Dir, path), join(PROGRAMS, name));
  }
  const { Version } = await goModule(KUBERNETES);
  const entries = Object.entries(PACKAGES);
  for (const [index, [name, goPackage]] of entries.entries()) {
    await build(`${name} (${index + 1} of ${entries.length})`, join(PROGRAMS, name), goPackage, Version, print);
  }
}

async function checkGo(): Promise<void> {
  try {
    await run("go", ["version"]);
  } catch (cause) {
    throw new Error("there is no go. Install Go 1.26 or newer; an older one that may fetch its successor will do.", {
      cause,
    });
  }
}

interface GoModule {
  readonly Dir: string;
  readonly Version: string;
}

/** A module of the list at the version that the list chooses, fetched and checked. */
async function goModule(path: string): Promise<GoModule> {
  // Asked by its path alone, `go mod download` has the version of go.mod, and checks it against go.sum.
  const { stdout } = await go(["mod", "download", "-json", path]);
  return JSON.parse(stdout) as GoModule;
}

async function go(args: readonly string[]): Promise<{ readonly stdout: string }> {
  try {
    return await run("go", [...args], { cwd: MODULES, env: { ...process.env, GOFLAGS: "-mod=readonly" } });
  } catch (cause) {
    const said = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : String(cause);
    throw new Error(`go ${args.join(" ")} failed: ${said}`, { cause });
  }
}

async function build(
  title: string,
  program: string,
  goPackage: string,
  kubernetes: string,
  print: (line: string) => void,
): Promise<void> {
  const start = performance.now();
  const seconds = () => Math.round((performance.now() - start) / 1000);
  let lines = 0;
  // Istiod refuses an apiserver that has no version, and only the linker can give it one.
  const [major = "", minor = ""] = kubernetes.slice(1).split(".");
  const version = [`gitVersion=${kubernetes}`, `gitMajor=${major}`, `gitMinor=${minor}`];
  const ldflags = ["-s", "-w", ...version.map((setting) => `-X k8s.io/component-base/version.${setting}`)];
  const args = ["build", "-v", "-trimpath", `-ldflags=${ldflags.join(" ")}`, "-o", program, goPackage];
  const child = await startChild("go", args, {
    name: "go build",
    cwd: MODULES,
    env: { GOFLAGS: "-mod=readonly", CGO_ENABLED: "0" },
    // It runs compilers.
    group: true,
    onOutput: (text) => {
      lines += text.split("\n").length - 1;
    },
  });
  const beat = setInterval(() => {
    print(`  ${title}: ${lines} packages after ${seconds()} s`);
  }, STILL_BUILDING_MS);
  const end = await child.ended;
  clearInterval(beat);
  if (end !== "exit code 0") {
    const said = child.output().trimEnd().split("\n").slice(-20).join("\n");
    throw new Error(`cannot build ${goPackage} (${end}):\n${said}`);
  }
  print(`  ${title}: built in ${seconds()} s`);
}
