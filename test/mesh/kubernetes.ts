/** etcd, kube-apiserver and kubectl: Kubernetes without nodes. Nothing here starts a pod. */

import { execFile } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import type { Child } from "../../scripts/child.ts";
import { meshProgram } from "../../scripts/mesh-programs.ts";
import { NODE } from "./network.ts";
import { answers, startProgram } from "./program.ts";
import type { Folders } from "./program.ts";

const run = promisify(execFile);

const ETCD = `http://${NODE}:2379`;
const ETCD_PEERS = `http://${NODE}:2380`;
const APISERVER_PORT = "6443";
const KUBECTL_MS = 60_000;

export function startEtcd(folders: Folders): Promise<Child> {
  const args = [
    `--data-dir=${join(folders.state, "etcd")}`,
    "--unsafe-no-fsync",
    `--listen-client-urls=${ETCD}`,
    `--advertise-client-urls=${ETCD}`,
    `--listen-peer-urls=${ETCD_PEERS}`,
    `--initial-advertise-peer-urls=${ETCD_PEERS}`,
    `--initial-cluster=default=${ETCD_PEERS}`,
  ];
  return startProgram(folders, meshProgram("etcd"), args, {
    name: "etcd",
    cwd: folders.state,
    isReady: () => answers(`${ETCD}/health`),
  });
}

/** Where the apiserver's clients find how to reach it. */
export function kubeconfig({ state }: Folders): string {
  return join(state, "kubernetes", "kubeconfig");
}

export async function startApiserver(folders: Folders): Promise<Child> {
  const folder = join(folders.state, "kubernetes");
  await mkdir(folder, { recursive: true });
  const file = (name: string) => join(folder, name);
  const token = randomBytes(16).toString("hex");
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  await writeFile(file("service-accounts.key"), privateKey.export({ type: "pkcs1", format: "pem" }));
  await writeFile(file("service-accounts.pub"), publicKey.export({ type: "spki", format: "pem" }));
  await writeFile(file("tokens.csv"), `${token},admin,admin,system:masters\n`);
  await writeFile(kubeconfig(folders), JSON.stringify(clientConfig(token)));
  const args = [
    `--etcd-servers=${ETCD}`,
    `--bind-address=${NODE}`,
    `--advertise-address=${NODE}`,
    `--secure-port=${APISERVER_PORT}`,
    `--cert-dir=${file("certificates")}`,
    "--endpoint-reconciler-type=none",
    "--service-cluster-ip-range=10.96.0.0/24",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${file("service-accounts.pub")}`,
    `--service-account-signing-key-file=${file("service-accounts.key")}`,
    `--token-auth-file=${file("tokens.csv")}`,
    "--authorization-mode=AlwaysAllow",
    // There is no controller that would make each namespace's default account.
    "--disable-admission-plugins=ServiceAccount",
  ];
  return startProgram(folders, meshProgram("kube-apiserver"), args, {
    name: "kube-apiserver",
    cwd: folder,
    isReady: async () => (await kubectl(kubeconfig(folders), ["get", "--raw", "/readyz"])) === "ok",
  });
}

/** The apiserver makes its own certificate, which no client knows. */
function clientConfig(token: string): object {
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: "mesh", cluster: { server: `https://${NODE}:${APISERVER_PORT}`, "insecure-skip-tls-verify": true } },
    ],
    users: [{ name: "admin", user: { token } }],
    contexts: [{ name: "mesh", context: { cluster: "mesh", user: "admin" } }],
    "current-context": "mesh",
  };
}

/**
 * Runs kubectl, in the project's folder.
 *
 * @param config - the file that `kubeconfig` names
 * @returns what it wrote to its standard output
 * @throws Error with what it said, when it fails
 */
export async function kubectl(config: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run(meshProgram("kubectl"), [...args], {
      env: { ...process.env, KUBECONFIG: config, KUBECACHEDIR: `${config}.cache` },
      timeout: KUBECTL_MS,
    });
    return stdout;
  } catch (cause) {
    const said = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : String(cause);
    throw new Error(`kubectl ${args.join(" ")}: ${said}`, { cause });
  }
}

/** Writes resources to a file and applies them. */
export async function applyResources(folders: Folders, name: string, resources: readonly object[]): Promise<void> {
  const file = join(folders.state, `${name}.json`);
  await writeFile(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: resources }));
  await kubectl(kubeconfig(folders), ["apply", "-f", file]);
}
