/** What Envoy and a filter log about plugins that do not work. docs/DEPLOY.md quotes it: test/unit/deploy-doc.test.ts compares. */
export const ENVOY_ERRORS = {
  "a refused configuration": "the plugin configuration was refused:",
  "no such file": "Invalid path:",
  "no module": "Missing or unknown Proxy-Wasm ABI version",
  "a missing import": "Failed to load Wasm module due to a missing import:",
  "an exception": "uncaught error in onRequestHeaders:",
  "an endless loop": "InternalError: interrupted",
  "a trap": "failed: Uncaught RuntimeError",
  "an unknown cluster": "unknown cluster: the host has none of this name",
} as const;

export type EnvoyError = keyof typeof ENVOY_ERRORS;
