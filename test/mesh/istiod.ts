/** Istio's control plane. */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Child } from "../../scripts/child.ts";
import { meshProgram } from "../../scripts/mesh-programs.ts";
import { kubeconfig } from "./kubernetes.ts";
import { NODE } from "./network.ts";
import { answers, startProgram } from "./program.ts";
import type { Folders } from "./program.ts";

const HTTP = `${NODE}:18080`;
/** Where the agents get certificates and configurations. */
export const DISCOVERY = `${NODE}:15012`;

export async function startIstiod(folders: Folders): Promise<Child> {
  const cwd = join(folders.state, "istiod");
  await mkdir(cwd);
  const meshConfig = join(cwd, "mesh.json");
  // Not /dev/stdout as in a pod: here that is a socket, which nobody can open.
  await writeFile(meshConfig, JSON.stringify({ accessLogFile: join(folders.logs, "access.log") }));
  const args = [
    "discovery",
    `--kubeconfig=${kubeconfig(folders)}`,
    `--meshConfig=${meshConfig}`,
    "--shutdownDuration=1s",
    `--httpAddr=${HTTP}`,
    `--httpsAddr=${NODE}:15017`,
    `--grpcAddr=${NODE}:15010`,
    `--secureGRPCAddr=${DISCOVERY}`,
    `--monitoringAddr=${NODE}:15014`,
  ];
  const env = {
    POD_NAME: "istiod-0",
    POD_NAMESPACE: "istio-system",
    // It would ask the clouds' metadata servers where it runs.
    CLOUD_PLATFORM: "none",
    // Filters that only Istio's own build of Envoy has; another one would refuse each listener that names them.
    PILOT_ENABLE_METADATA_EXCHANGE: "false",
    PILOT_ENABLE_ALPN_FILTER: "false",
  };
  return startProgram(folders, meshProgram("pilot-discovery"), args, {
    name: "istiod",
    env,
    cwd,
    isReady: () => answers(`http://${HTTP}/ready`),
  });
}
