/** Manifests of plugins in the mesh of a test. */

import { readFile, writeFile } from "node:fs/promises";

import { parse, stringify } from "yaml";

import { tempProject } from "../temp-project.ts";
import { requestUntil, runKubectl } from "./mesh.ts";
import type { Answer } from "./mesh.ts";

/** What the tests change in a WasmPlugin; the same fields are in TrafficExtension's `wasm`. */
export interface PluginSpec {
  readonly url?: string;
  readonly sha256?: string;
  readonly imagePullPolicy?: "Always" | "IfNotPresent";
  readonly failStrategy?: "FAIL_OPEN" | "FAIL_CLOSE";
  readonly pluginConfig?: Readonly<Record<string, unknown>>;
  readonly vmConfig?: { readonly env: readonly { readonly name: string; readonly value: string }[] };
}

/** A plugin that the apiserver has, until it is disposed of. */
export interface AppliedPlugin extends AsyncDisposable {
  /** Applies the same manifest with other fields. */
  change(spec: PluginSpec): Promise<void>;
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

/**
 * Applies a manifest with other values of some of its fields, and deletes it at the end of the test; the gateway then has no
 * plugin any more.
 *
 * @param place - puts the fields where this kind of resource has them
 */
export async function applyPlugin(
  file: string,
  spec: PluginSpec,
  place: (spec: PluginSpec) => Readonly<Record<string, unknown>> = (fields) => ({ ...fields }),
): Promise<AppliedPlugin> {
  const manifest = parse(await readFile(file, "utf8")) as Manifest;
  const project = await tempProject({});
  const { kind, metadata } = manifest;
  const remove = async () => {
    await runKubectl("-n", metadata.namespace, "delete", "--ignore-not-found", kind, metadata.name);
    await project[Symbol.asyncDispose]();
    await requestUntil(isWithoutPlugin, "one without the plugin");
  };
  const change = async (fields: PluginSpec) => {
    const changed = { ...manifest, spec: { ...manifest.spec, ...place(fields) } };
    await writeFile(project.path("plugin.yaml"), stringify(changed));
    await runKubectl("apply", "-f", project.path("plugin.yaml"));
  };
  try {
    await change(spec);
  } catch (error) {
    await remove();
    throw error;
  }
  return { change, [Symbol.asyncDispose]: remove };
}

/** Every plugin of the tests adds this header to responses. */
export const MARK = "x-plugin";

export function isWithoutPlugin({ status, headers }: Answer): boolean {
  return status === 200 && !headers.has(MARK);
}
