/** The registry of the mesh, with a certificate that is its own authority. */

import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import type { Child } from "../../scripts/child.ts";
import { meshProgram } from "../../scripts/mesh-programs.ts";
import { NODE, REGISTRY } from "./network.ts";
import { startProgram } from "./program.ts";
import type { Folders } from "./program.ts";

const run = promisify(execFile);

/** Go's programs (oras and Istio's agent) take this file for the list of all authorities when SSL_CERT_FILE names it. */
export function authority({ state }: Folders): string {
  return join(state, "registry", "cert.pem");
}

export async function startRegistry(folders: Folders): Promise<Child> {
  const folder = join(folders.state, "registry");
  await mkdir(folder);
  await run(meshProgram("generate_cert"), ["--ca", `--host=${REGISTRY}`], { cwd: folder });
  const config = {
    version: "0.1",
    log: { level: "info", accesslog: { disabled: false } },
    storage: { filesystem: { rootdirectory: join(folder, "files") }, delete: { enabled: true } },
    http: { addr: `${NODE}:443`, tls: { certificate: authority(folders), key: join(folder, "key.pem") } },
  };
  // JSON is YAML as well.
  await writeFile(join(folder, "config.yaml"), JSON.stringify(config));
  return startProgram(folders, process.env["REGISTRY_PROGRAM"] ?? "", ["serve", join(folder, "config.yaml")], {
    name: "registry",
    cwd: folder,
    isReady: async () => {
      const { stdout } = await run("curl", ["--silent", "--cacert", authority(folders), `https://${REGISTRY}/v2/`]);
      return stdout === "{}";
    },
  });
}
