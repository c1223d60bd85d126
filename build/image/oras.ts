/** The program `oras`, which copies images to registries. */

import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { CommandError } from "../errors.ts";
import { writeLayout } from "./layout.ts";
import { orasFailure } from "./oras-errors.ts";
import type { Image } from "./pack.ts";
import type { ImageReference } from "./reference.ts";

export interface PushOptions {
  /** HTTP instead of HTTPS. */
  readonly plainHttp: boolean;
  /** HTTPS whose certificate nobody has checked. */
  readonly insecure: boolean;
  /** A file with the certificates of the authority that has signed the registry's own. */
  readonly caFile: string | undefined;
  /** Default: what `oras login`, `docker login` and credential helpers know. */
  readonly login: { readonly username: string; readonly password: string } | undefined;
  /** A file of logins in Docker's format, in the place of the user's own. */
  readonly registryConfig: string | undefined;
  /** The program. Default: `oras` on the PATH. */
  readonly oras: string | undefined;
}

const TAG = "image";

/**
 * Pushes an image: first its parts, then the manifest, under its tag. When anything fails before, the registry has no such tag, or
 * the tag is still that of the image before.
 *
 * @returns the digest of what the registry has under the tag now
 * @throws CommandError when there is no oras, or it says why it cannot push
 */
export async function pushImage(
  image: Image,
  target: ImageReference & { readonly tag: string },
  options: PushOptions,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "proxy-wasm-ts-push-"));
  try {
    const layout = join(folder, "layout");
    await writeLayout(layout, image, TAG);
    const { registry, repository, tag } = target;
    const name = `${registry}/${repository}:${tag}`;
    const options_ = [...connection(options), ...(await credentials(folder, registry, options))];
    const args = ["cp", "--no-tty", ...options_, "--from-oci-layout", `${layout}:${TAG}`, name];
    const program = options.oras ?? "oras";
    await checkProgram(program);
    const { status, output } = await run(program, args);
    if (status !== 0) {
      throw orasFailure(name, output, options);
    }
    return image.manifest.digest;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function connection({ plainHttp, insecure, caFile }: PushOptions): string[] {
  return [
    ...(plainHttp ? ["--to-plain-http"] : []),
    ...(insecure ? ["--to-insecure"] : []),
    ...(caFile === undefined ? [] : ["--to-ca-file", caFile]),
  ];
}

/** A password goes to oras in a file that only this user can read: other users see the arguments of a program. */
async function credentials(folder: string, registry: string, options: PushOptions): Promise<string[]> {
  const { login, registryConfig } = options;
  if (login === undefined) {
    return registryConfig === undefined ? [] : ["--to-registry-config", registryConfig];
  }
  const auth = Buffer.from(`${login.username}:${login.password}`).toString("base64");
  const file = join(folder, "login.json");
  await writeFile(file, JSON.stringify({ auths: { [registry]: { auth } } }), { mode: 0o600 });
  return ["--to-registry-config", file];
}

/** The options of `oras cp` that are used here are there since 1.1. */
async function checkProgram(program: string): Promise<void> {
  const { output } = await run(program, ["version"]);
  const [, major, minor] = /^Version:\s+v?(\d+)\.(\d+)\./m.exec(output) ?? [];
  if (major === undefined || (Number(major) === 1 && Number(minor) < 1) || major === "0") {
    const what = major === undefined ? "is another program of that name" : `is of version ${major}.${String(minor)}`;
    throw new CommandError(`${program} ${what}; this needs oras 1.1 or newer. Get it with "${INSTALL}".`);
  }
}

const INSTALL = "go install oras.land/oras/cmd/oras@v1.3.6";

async function run(program: string, args: readonly string[]): Promise<{ status: number; output: string }> {
  const child = spawn(program, [...args], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  return await new Promise((resolve, reject) => {
    child.once("error", (cause) => {
      const missing = "code" in cause && cause.code === "ENOENT";
      reject(
        new CommandError(
          missing && program === "oras"
            ? `there is no oras on the PATH, the program that pushes images. Get it with "${INSTALL}", from your system's packages, ` +
                "or from the releases of github.com/oras-project/oras (not from npm: the package of that name is another program). " +
                "Or name it with --oras FILE."
            : `cannot run ${program}: ${missing ? "there is no such program" : cause.message}. Name the program oras with --oras or in ORAS.`,
          { cause },
        ),
      );
    });
    child.once("close", (code) => {
      resolve({ status: code ?? 1, output });
    });
  });
}
