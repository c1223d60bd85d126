import { CommandError } from "../errors.ts";
import { metadata } from "./istio.ts";
import { jsonValue, refusal, refuseParts } from "./refuse.ts";
import type { ManifestRequest, ModuleSource, PullPolicy } from "./request.ts";

const KIND = "EnvoyExtensionPolicy";

/**
 * Envoy Gateway's kind for plugins.
 * Source: https://gateway.envoyproxy.io/docs/api/extension_types/#envoyextensionpolicy
 *
 * @throws CommandError
 */
export function envoyExtensionPolicy(request: ManifestRequest): object {
  const { targetRefs, source, failStrategy, environment, config, rootId, name } = request;
  refuseParts(KIND, request, {
    selector: "it is for Gateways and routes, and not for workloads. Use --target-ref Gateway/NAME or HTTPRoute/NAME.",
    phase: "Envoy Gateway has an order of its own (EnvoyProxy, filterOrder). Leave it out.",
    priority: "plugins come in the order of the policy's list. Leave it out.",
    match: "it is for all that its target serves. Use --target-ref HTTPRoute/NAME for a part of a Gateway.",
  });
  if (request.type === "network") {
    throw refusal(KIND, "--type network", "Envoy Gateway loads HTTP filters only.");
  }
  if (failStrategy === "FAIL_RELOAD") {
    throw refusal(KIND, "--fail-strategy FAIL_RELOAD", "it knows FAIL_OPEN and FAIL_CLOSE.");
  }
  const inline = environment.find(({ value }) => value !== undefined);
  if (inline !== undefined) {
    throw refusal(
      KIND,
      `--env ${inline.name}=...`,
      `it takes variables of the proxy's own only. Write --env ${inline.name}, and set it in the EnvoyProxy resource; or use --config.`,
    );
  }
  if (targetRefs.length === 0) {
    throw new CommandError(
      `--target-ref is missing: ${KIND} is for Gateways or routes of its namespace, such as --target-ref Gateway/NAME.`,
    );
  }
  return {
    apiVersion: "gateway.envoyproxy.io/v1alpha1",
    kind: KIND,
    metadata: metadata(request),
    spec: {
      targetRefs: targetRefs.map(({ group, kind, name: target }) => ({ group, kind, name: target })),
      wasm: [
        {
          name,
          ...(rootId === undefined ? {} : { rootID: rootId }),
          code: codeSource(source, request),
          ...(failStrategy === undefined ? {} : { failOpen: failStrategy === "FAIL_OPEN" }),
          ...(environment.length === 0 ? {} : { env: { hostKeys: environment.map(({ name: key }) => key) } }),
          ...(config === undefined ? {} : { config: jsonValue(KIND, config) }),
        },
      ],
    },
  };
}

function codeSource(source: ModuleSource, request: ManifestRequest): object {
  const { pullPolicy, sha256, pullSecret } = request;
  const common: { pullPolicy?: PullPolicy } = pullPolicy === undefined ? {} : { pullPolicy };
  const pin = sha256 === undefined ? {} : { sha256 };
  switch (source.from) {
    case "file":
      throw refusal(KIND, "--file", "Envoy Gateway fetches plugins itself. Use --image or --url.");
    case "url":
      if (pullSecret !== undefined) {
        throw new CommandError(`--pull-secret is a login to a registry, and there is no --image for ${KIND} to pull.`);
      }
      return { type: "HTTP", http: { url: source.url, ...pin }, ...common };
    case "image": {
      const secret = pullSecret === undefined ? {} : { pullSecretRef: { kind: "Secret", name: pullSecret } };
      return { type: "Image", image: { url: source.name, ...pin, ...secret }, ...common };
    }
  }
}
