/** The ingress gateway: Istio's agent and an Envoy, as in its pod. */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Child } from "../../scripts/child.ts";
import { meshProgram } from "../../scripts/mesh-programs.ts";
import { poll } from "../../scripts/poll.ts";
import { pythonTool } from "../../scripts/python-tools.ts";
import { DISCOVERY } from "./istiod.ts";
import { applyResources, kubeconfig, kubectl } from "./kubernetes.ts";
import { PODS } from "./network.ts";
import { endpointSlice } from "./pods.ts";
import { answers, startProgram } from "./program.ts";
import type { Folders } from "./program.ts";

const NAMESPACE = "istio-system";
const ACCOUNT = "istio-ingressgateway";
const LABELS = { istio: "ingressgateway", app: ACCOUNT };
const ROOT_CERTIFICATE_MS = 30_000;

/** What an installation of Istio has besides the gateway's Deployment. */
export async function applyGateway(folders: Folders): Promise<void> {
  const service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: ACCOUNT, namespace: NAMESPACE, labels: LABELS },
    spec: { selector: LABELS, ports: [{ name: "http2", port: 80, targetPort: 80 }] },
  };
  await applyResources(folders, "ingress-gateway", [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: ACCOUNT, namespace: NAMESPACE } },
    service,
    endpointSlice(service, PODS.gateway),
  ]);
}

/** @throws Error when it is not ready in time: Envoy has got its configuration from istiod, then */
export async function startGateway(folders: Folders): Promise<Child> {
  const cwd = join(folders.state, "gateway");
  await writeSecrets(folders, cwd);
  const proxyConfig = {
    discoveryAddress: DISCOVERY,
    binaryPath: await pythonTool("envoy"),
    configPath: join(cwd, "etc"),
    concurrency: 1,
    terminationDrainDuration: "1s",
  };
  const env = {
    POD_NAME: `${ACCOUNT}-0`,
    POD_NAMESPACE: NAMESPACE,
    SERVICE_ACCOUNT: ACCOUNT,
    INSTANCE_IP: PODS.gateway,
    CLOUD_PLATFORM: "none",
    ISTIO_META_CLUSTER_ID: "Kubernetes",
    ISTIO_METAJSON_LABELS: JSON.stringify(LABELS),
    // Of istiod's certificate; the address has no name here.
    ISTIOD_SAN: "istiod.istio-system.svc",
    PROXY_CONFIG: JSON.stringify(proxyConfig),
  };
  const args = [
    "proxy",
    "router",
    `--templateFile=${meshProgram("envoy_bootstrap.json")}`,
    "--proxyLogLevel=warning,wasm:info",
  ];
  return startProgram(folders, meshProgram("pilot-agent"), args, {
    name: "gateway",
    env,
    cwd,
    isReady: () => answers(`http://${PODS.gateway}:15021/healthz/ready`),
  });
}

/** A token, and the root of the mesh's certificates, where the pod has volumes: the agent's paths begin at its own folder. */
async function writeSecrets(folders: Folders, cwd: string): Promise<void> {
  const config = kubeconfig(folders);
  const secrets = join(cwd, "var", "run", "secrets");
  await mkdir(join(secrets, "tokens"), { recursive: true });
  await mkdir(join(secrets, "istio"), { recursive: true });
  const tokenArgs = ["create", "token", ACCOUNT, "--audience=istio-ca", "--duration=24h"];
  await writeFile(join(secrets, "tokens", "istio-token"), await kubectl(config, ["-n", NAMESPACE, ...tokenArgs]));
  const certificateArgs = ["get", "configmap", "istio-ca-root-cert", "-o", "jsonpath={.data.root-cert\\.pem}"];
  const certificate = await poll(ROOT_CERTIFICATE_MS, () =>
    kubectl(config, ["-n", NAMESPACE, ...certificateArgs]).catch(() => undefined),
  );
  if (certificate === undefined) {
    throw new Error("istiod has not written the ConfigMap istio-ca-root-cert: see its log");
  }
  await writeFile(join(secrets, "istio", "root-cert.pem"), certificate);
}
