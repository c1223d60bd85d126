/** Does what a node and the controllers would do for the manifests in example/: runs the services, and says where they are. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { parseAllDocuments } from "yaml";

import { startBackGolang, startBackPython } from "../../demo/services.ts";
import type { Service as Program } from "../../demo/services.ts";
import { PODS } from "./network.ts";
import { logWriter } from "./program.ts";
import type { Folders } from "./program.ts";

const EXAMPLE = fileURLToPath(new URL("../../example/", import.meta.url));

interface Metadata {
  readonly name: string;
  readonly namespace?: string;
}

interface Service {
  readonly kind: "Service";
  readonly metadata: Metadata;
  readonly spec: {
    readonly ports: readonly { readonly name: string; readonly targetPort: number | string }[];
  };
}

interface Container {
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
}

interface Deployment {
  readonly kind: "Deployment";
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly Container[] } } };
}

type Manifest = Service | Deployment;

/** A service of example/, which runs as its Deployment says, and its EndpointSlice. */
export interface Pod {
  readonly program: Program;
  readonly endpointSlice: object;
}

/** @param name - of the service and of its manifest */
export async function startPod(folders: Folders, name: "back-golang" | "back-python"): Promise<Pod> {
  const { service, container } = await readManifest(join(EXAMPLE, `${name}.yaml`));
  const variable = (wanted: string) => container.env.find((entry) => entry.name === wanted)?.value ?? "";
  const options = { host: PODS[name], port: Number(variable("PORT")), onOutput: logWriter(folders, name) };
  const program =
    name === "back-golang" ? await startBackGolang(variable("NEXT"), true, options) : await startBackPython(options);
  const named = container.ports;
  const ports = service.spec.ports.map(({ targetPort, ...port }) => ({
    ...port,
    targetPort: named.find((entry) => entry.name === targetPort)?.containerPort ?? targetPort,
  }));
  return { program, endpointSlice: endpointSlice({ ...service, spec: { ports } }, PODS[name]) };
}

async function readManifest(file: string): Promise<{ service: Service; container: Container }> {
  const manifests = parseAllDocuments(await readFile(file, "utf8")).map((document) => document.toJS() as Manifest);
  const service = manifests.find((manifest) => manifest.kind === "Service");
  const deployment = manifests.find((manifest) => manifest.kind === "Deployment");
  const [container] = deployment?.spec.template.spec.containers ?? [];
  if (service === undefined || container === undefined) {
    throw new Error(`${file} must have a Service and a Deployment with a container`);
  }
  return { service, container };
}

/** Where the one pod of a service is. @param service - its target ports must be numbers */
export function endpointSlice({ metadata, spec }: Omit<Service, "kind">, address: string): object {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: `${metadata.name}-1`,
      namespace: metadata.namespace,
      labels: { "kubernetes.io/service-name": metadata.name },
    },
    addressType: "IPv4",
    ports: spec.ports.map(({ name, targetPort }) => ({ name, port: targetPort, protocol: "TCP" })),
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
  };
}
