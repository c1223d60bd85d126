/** Plugins at the gateway, from the manifests that the command line prints. */

import { writeFile } from "node:fs/promises";

import { runCommand } from "../run-command.ts";
import { tempProject } from "../temp-project.ts";
import { requestUntil, runKubectl } from "./mesh.ts";
import type { Answer } from "./mesh.ts";
import { REGISTRY } from "./network.ts";

export interface Plugin {
  /** Default: "wasmplugin". */
  readonly kind?: "wasmplugin" | "trafficextension" | "envoyfilter";
  /**
   * In the mesh's registry: NAME:TAG or NAME@sha256:DIGEST. The plugin has the same name, which no other test may take: as long
   * as the listener that had a plugin drains, Envoy gives another one of that name the old configuration at first.
   */
  readonly image: string;
  /** Default: the mesh's. */
  readonly registry?: string;
  /** The plugin configuration, besides what tells the tests that the jump filter runs. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** A label of its workloads. Default: that of the gateway. */
  readonly selector?: string;
  /** More options of `proxy-wasm-ts manifest`. */
  readonly options?: readonly string[];
}

/** A plugin of one test, which is deleted at its end. */
export interface TestPlugin extends AsyncDisposable {
  /** Applies it, or applies it with other options. */
  apply(plugin: Plugin): Promise<void>;
}

/** The response header by which the tests know which plugin has answered. */
export const MARK = "x-plugin";

const BACK_PYTHON = "outbound|5000||back-python.jump.svc.cluster.local";

/** Disposing of it waits until the gateway has no plugin. */
export async function testPlugin(): Promise<TestPlugin> {
  const project = await tempProject({ "plugin.yaml": "" });
  const apply = async (plugin: Plugin) => {
    await writeFile(project.path("config.json"), JSON.stringify(configuration(plugin)));
    await writeFile(project.path("plugin.yaml"), await manifest(plugin, project.path("config.json")));
    await runKubectl("apply", "-f", project.path("plugin.yaml"));
  };
  const remove = async () => {
    await runKubectl("delete", "--ignore-not-found", "-f", project.path("plugin.yaml"));
    await project[Symbol.asyncDispose]();
    await requestUntil(isWithoutPlugin, "one without a plugin");
  };
  return { apply, [Symbol.asyncDispose]: remove };
}

export function isWithoutPlugin({ status, headers }: Answer): boolean {
  return status === 200 && headers[MARK] === undefined;
}

/** Of the jump filter the mark is the status of back-python's answer. */
export function hasMark(mark: string): (answer: Answer) => boolean {
  return ({ headers }) => headers[MARK] === mark;
}

function configuration({ config }: Plugin): object {
  return { cluster: BACK_PYTHON, responseHeader: MARK, ...config };
}

async function manifest(plugin: Plugin, config: string): Promise<string> {
  const { kind = "wasmplugin", image, registry = REGISTRY, selector = "istio=ingressgateway", options = [] } = plugin;
  const { status, stdout, stderr } = await runCommand([
    ...["manifest", "--for", kind, "--namespace", "istio-system"],
    ...["--selector", selector, "--image", `oci://${registry}/${image}`, "--config", config],
    ...options,
  ]);
  if (status !== 0) {
    throw new Error(`manifest failed with ${status}: ${stderr}`);
  }
  return stdout;
}
