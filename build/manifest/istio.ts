/** What Istio's kinds have in common. */

import { CommandError } from "../errors.ts";
import type { ManifestRequest, Match, ModuleSource, TargetRef } from "./request.ts";

/** The plugin itself. Source: istio.io/api, extensions/v1alpha1. */
export function plugin(kind: string, pluginConfig: object | undefined, request: ManifestRequest): object {
  const { source, sha256, pullPolicy, pullSecret, failStrategy, environment, rootId, type } = request;
  if (source.from !== "image" && pullSecret !== undefined) {
    throw new CommandError(`--pull-secret is a login to a registry, and there is no --image for ${kind} to pull.`);
  }
  return {
    url: moduleUrl(source),
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(type === "network" ? { type: "NETWORK" } : {}),
    ...(pullPolicy === undefined ? {} : { imagePullPolicy: pullPolicy }),
    ...(pullSecret === undefined ? {} : { imagePullSecret: pullSecret }),
    ...(rootId === undefined ? {} : { pluginName: rootId }),
    ...(failStrategy === undefined ? {} : { failStrategy }),
    ...(environment.length === 0
      ? {}
      : {
          vmConfig: {
            env: environment.map(({ name, value }) =>
              value === undefined ? { name, valueFrom: "HOST" } : { name, value },
            ),
          },
        }),
    ...(pluginConfig === undefined ? {} : { pluginConfig }),
  };
}

/** Where in the mesh the plugin is, and its place among others. @throws CommandError */
export function placement(request: ManifestRequest): object {
  const { phase, priority, match } = request;
  return {
    ...workloads(request),
    ...(phase === undefined ? {} : { phase }),
    ...(priority === undefined ? {} : { priority }),
    ...(match.length === 0 ? {} : { match: match.map(matchOf) }),
  };
}

/** @throws CommandError when both are there, of which Istio takes one */
export function workloads({ selector, targetRefs }: ManifestRequest, labels = "matchLabels"): object {
  if (selector !== undefined && targetRefs.length > 0) {
    throw new CommandError(
      "--selector and --target-ref are both there, and Istio takes one: labels of workloads, or the objects that the plugin is for.",
    );
  }
  const name = labels === "matchLabels" ? "selector" : "workloadSelector";
  return {
    ...(selector === undefined ? {} : { [name]: { [labels]: selector } }),
    ...(targetRefs.length === 0 ? {} : { targetRefs: targetRefs.map(targetRef) }),
  };
}

function targetRef({ group, kind, name }: TargetRef): object {
  return { group, kind, name };
}

function matchOf({ mode, port }: Match): object {
  return { mode, ...(port === undefined ? {} : { ports: [{ number: port }] }) };
}

export function moduleUrl(source: ModuleSource): string {
  switch (source.from) {
    case "image":
      return `oci://${source.name}`;
    case "url":
      return source.url;
    case "file":
      return `file://${source.path}`;
  }
}

export function metadata({ name, namespace }: ManifestRequest): object {
  return { name, ...(namespace === undefined ? {} : { namespace }) };
}
