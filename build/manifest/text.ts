import { Document } from "yaml";

import { envoyExtensionPolicy } from "./envoy-extension-policy.ts";
import { envoyFilter } from "./envoy-filter.ts";
import type { ManifestKind, ManifestRequest } from "./request.ts";
import { trafficExtension } from "./traffic-extension.ts";
import { wasmPlugin } from "./wasm-plugin.ts";

/** The kinds that are applied to a cluster. */
export type ClusterKind = Exclude<ManifestKind, "envoy">;

const MAKERS: Readonly<Record<ClusterKind, (request: ManifestRequest) => object>> = {
  wasmplugin: wasmPlugin,
  trafficextension: trafficExtension,
  envoyfilter: envoyFilter,
  "envoy-gateway": envoyExtensionPolicy,
};

/**
 * The manifest as YAML, with what to look at in its first lines.
 *
 * @throws CommandError when the kind cannot say what is asked for
 */
export function manifestText(kind: ClusterKind, request: ManifestRequest): string {
  // YAML 1.1: the readers of Kubernetes take a plain "yes" or "on" for a boolean.
  // No aliases: a person may change one place and not the other.
  const document = new Document(MAKERS[kind](request), { version: "1.1", aliasDuplicateObjects: false });
  document.commentBefore = remarks(kind, request)
    .map((line) => ` ${line}`)
    .join("\n");
  return document.toString({ lineWidth: 0 }).trimEnd();
}

function remarks(
  kind: ClusterKind,
  { source, sha256, namespace, selector, targetRefs, match }: ManifestRequest,
): string[] {
  const pinned = sha256 !== undefined || (source.from === "image" && source.reference.digest !== undefined);
  const everywhere = kind !== "envoy-gateway" && selector === undefined && targetRefs.length === 0;
  return [
    "Apply it with: kubectl apply -f FILE",
    ...(namespace === undefined ? ["It has no namespace, and goes into the one that kubectl is set to."] : []),
    ...(everywhere
      ? [
          "For every workload of its namespace, and for the whole mesh in Istio's own namespace; --selector or --target-ref say which.",
        ]
      : []),
    ...(pinned || source.from === "file"
      ? []
      : [
          source.from === "image"
            ? "Not pinned: who may push can change what runs. proxy-wasm-ts push prints the name with the digest."
            : "Not pinned: --sha256 has the module's checksum, which sha256sum prints.",
        ]),
    ...(source.from === "file" ? ["The module has to be in each proxy's own file system, as a volume."] : []),
    ...(kind === "envoyfilter"
      ? [
          match.length === 0
            ? "context ANY: connections to workloads, from them, and through gateways; --match says which."
            : "portNumber and context are those of the proxy's listeners (istioctl proxy-config listeners POD).",
        ]
      : []),
  ];
}
