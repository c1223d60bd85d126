import { metadata, placement, plugin } from "./istio.ts";
import { configObject } from "./refuse.ts";
import type { ManifestRequest } from "./request.ts";

/** Istio's kind for plugins since 1.12. Source: https://istio.io/latest/docs/reference/config/proxy_extensions/wasm-plugin/ */
export function wasmPlugin(request: ManifestRequest): object {
  const { config } = request;
  const pluginConfig = config === undefined ? undefined : configObject("WasmPlugin", config);
  return {
    apiVersion: "extensions.istio.io/v1alpha1",
    kind: "WasmPlugin",
    metadata: metadata(request),
    spec: { ...placement(request), ...plugin("WasmPlugin", pluginConfig, request) },
  };
}
