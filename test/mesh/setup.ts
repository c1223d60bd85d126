/** Starts the mesh before the first test and stops it after the last one (vitest's globalSetup). */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import type { TestProject } from "vitest/node";

import { meshProgram } from "../../scripts/mesh-programs.ts";
import { startRegistry } from "../images/registry.ts";
import { applyGateway, startGateway } from "./gateway.ts";
import { startIstiod } from "./istiod.ts";
import { applyResources, kubeconfig, kubectl, startApiserver, startEtcd } from "./kubernetes.ts";
import { PODS, REGISTRY, setUpNetwork } from "./network.ts";
import { startPod } from "./pods.ts";
import type { Folders } from "./program.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** What the tests need to know of the mesh: see mesh.ts. */
    mesh: {
      readonly kubeconfig: string;
      readonly logs: string;
      /** Its origin. */
      readonly gateway: string;
    };
  }
}

const MANIFESTS = ["namespace", "back-golang", "back-python", "gateway"];

interface Stoppable {
  readonly name: string;
  stop(): Promise<void>;
}

export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const run = process.env["PROXY_WASM_TS_MESH"];
  if (run === undefined) {
    throw new Error("these tests need a network and processes of their own: run them with npm run test:mesh");
  }
  const running: Stoppable[] = [];
  const stopAll = async () => {
    // The youngest first: nobody then misses what it depends on.
    for (const program of running.reverse()) {
      await program.stop();
    }
  };
  const folders = { logs: join(run, "logs"), state: join(run, "state") };
  try {
    await start(folders, running);
  } catch (error) {
    await stopAll();
    throw error;
  }
  provide("mesh", {
    kubeconfig: kubeconfig(folders),
    logs: folders.logs,
    gateway: `http://${PODS.gateway}`,
  });
  return stopAll;
}

async function start(folders: Folders, running: Stoppable[]): Promise<void> {
  const begin = performance.now();
  const report = (what: string) => {
    console.error(`[${((performance.now() - begin) / 1000).toFixed(1)} s] ${what}`);
  };
  const up = <T extends Stoppable>(program: T): T => {
    running.push(program);
    report(`${program.name} is ready`);
    return program;
  };
  await mkdir(folders.logs, { recursive: true });
  await mkdir(folders.state, { recursive: true });
  await setUpNetwork(folders.state);

  const registry = await startRegistry({ port: Number(new URL(`http://${REGISTRY}`).port) });
  up({
    name: "registry",
    stop: async () => {
      await registry[Symbol.asyncDispose]();
    },
  });
  const python = await startPod(folders, "back-python");
  up(python.program);
  const golang = await startPod(folders, "back-golang");
  up(golang.program);
  up(await startEtcd(folders));
  up(await startApiserver(folders));

  const client = (...args: string[]) => kubectl(kubeconfig(folders), args);
  for (const crds of ["istio-crds.yaml", "route-crd.yaml"] as const) {
    await client("apply", "--server-side", "-f", meshProgram(crds));
  }
  await client("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s");
  await client("create", "namespace", "istio-system");
  await applyGateway(folders);
  for (const manifest of MANIFESTS) {
    await client("apply", "-f", `example/${manifest}.yaml`);
  }
  await applyResources(folders, "endpoints", [python.endpointSlice, golang.endpointSlice]);
  report("CRDs and the manifests of example/ are applied");

  up(await startIstiod(folders));
  up(await startGateway(folders));
}
