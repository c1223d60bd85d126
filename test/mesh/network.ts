/** The addresses of the mesh, all of them of the loopback device in a network namespace of its own. */

import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A pod each. EndpointSlices may not have loopback addresses, so that these are added to the device. */
export const PODS = { gateway: "10.244.0.10", "back-golang": "10.244.0.11", "back-python": "10.244.0.12" } as const;

/** The control plane. */
export const NODE = "127.0.0.1";

/** The registry of the Makefile and of example/. */
export const REGISTRY = "localhost:5000";

/**
 * @param folder - for the files that take the place of the machine's
 * @throws Error outside the namespaces of `npm run test:mesh`, whose network and folders this must not change
 */
export async function setUpNetwork(folder: string): Promise<void> {
  const { stdout } = await run("ip", ["-brief", "address"]);
  if (stdout.trim().split("\n").length > 1) {
    throw new Error("the mesh needs a network of its own: run it with npm run test:mesh");
  }
  await run("ip", ["link", "set", "lo", "up"]);
  for (const address of Object.values(PODS)) {
    await run("ip", ["address", "add", `${address}/32`, "dev", "lo"]);
  }
  // Istio's agent keeps modules in /var/lib/istio/data, and no setting changes that.
  await run("mount", ["-t", "tmpfs", "tmpfs", "/var/lib"]);
  await mkdir("/var/lib/istio/data", { recursive: true });
  // In place of the cluster's DNS.
  const hosts = join(folder, "hosts");
  await writeFile(hosts, `${NODE} localhost\n${PODS["back-python"]} back-python\n`);
  await run("mount", ["--bind", hosts, "/etc/hosts"]);
}
