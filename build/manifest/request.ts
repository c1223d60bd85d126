/** What a manifest is to say, before it is said in the words of one kind. */

import type { ImageReference } from "../image/reference.ts";

/** The kinds of manifests. */
export type ManifestKind = "wasmplugin" | "trafficextension" | "envoyfilter" | "envoy-gateway" | "envoy";

/** Where the module is. */
export type ModuleSource =
  | { readonly from: "image"; readonly reference: ImageReference; /** Without oci:// */ readonly name: string }
  | { readonly from: "url"; readonly url: string }
  | { readonly from: "file"; /** In the proxy's own file system. */ readonly path: string };

/** The object that a plugin is for, in Gateway API's words. */
export interface TargetRef {
  /** "" is Kubernetes' own group. */
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

/** Which connections a plugin sees: those to the workload (server), from it (client; all of a gateway's), or both. */
export type MatchMode = "CLIENT" | "SERVER" | "CLIENT_AND_SERVER";

export interface Match {
  readonly mode: MatchMode;
  /** Undefined: all. */
  readonly port: number | undefined;
}

/** An environment variable of the plugin's VM. */
export interface Variable {
  readonly name: string;
  /** Undefined: that of the proxy's own. */
  readonly value: string | undefined;
}

export type FailStrategy = "FAIL_CLOSE" | "FAIL_OPEN" | "FAIL_RELOAD";
export type Phase = "AUTHN" | "AUTHZ" | "STATS";
export type PullPolicy = "IfNotPresent" | "Always";
export type PluginType = "http" | "network";

export interface ManifestRequest {
  readonly source: ModuleSource;
  readonly name: string;
  readonly namespace: string | undefined;
  /** Hexadecimal, of the module, or of an image's manifest. */
  readonly sha256: string | undefined;
  /** Labels of the workloads that the plugin is for. */
  readonly selector: Readonly<Record<string, string>> | undefined;
  readonly targetRefs: readonly TargetRef[];
  readonly phase: Phase | undefined;
  readonly priority: number | undefined;
  readonly match: readonly Match[];
  readonly failStrategy: FailStrategy | undefined;
  /** As it is given to the plugin. */
  readonly config: string | undefined;
  readonly pullPolicy: PullPolicy | undefined;
  readonly pullSecret: string | undefined;
  readonly environment: readonly Variable[];
  readonly rootId: string | undefined;
  readonly type: PluginType;
}
