import { metadata, placement, plugin } from "./istio.ts";
import { configObject } from "./refuse.ts";
import type { ManifestRequest } from "./request.ts";

/** Istio's kind for plugins since 1.30, in the place of WasmPlugin. Source: istio.io/api, extensions/v1alpha1/traffic_extension.proto */
export function trafficExtension(request: ManifestRequest): object {
  const { config } = request;
  const pluginConfig = config === undefined ? undefined : configObject("TrafficExtension", config);
  return {
    apiVersion: "extensions.istio.io/v1alpha1",
    kind: "TrafficExtension",
    metadata: metadata(request),
    spec: { ...placement(request), wasm: plugin("TrafficExtension", pluginConfig, request) },
  };
}
