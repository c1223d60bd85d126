/** Parts of log lines that the tests of the mesh see. docs/DEPLOY.md quotes each: test/unit/deploy-doc.test.ts compares. */
export const MESH_LOGS = {
  // istiod
  "taken by istiod": "for config TrafficExtension/istio-system/wasm-http-request~istio-translated-wasmplugin",
  "refused by a proxy": "Internal:Unable to create Wasm plugin istio-system.",
  // Istio's agent, in the log of the proxy
  "being fetched": "fetching image wasm-http-request from registry localhost:5000 with tag v1",
  "not fetched": "error in converting the wasm config to local: cannot fetch Wasm module",
  FAIL_OPEN: "applying allow RBAC filter",
  FAIL_CLOSE: "applying deny RBAC filter",
  // Envoy, in the same log
  "a plugin that Envoy refuses": "~istio-translated-wasmplugin failed to load",
  "a module that is cut off": "Wasm VM failed Failed to load Wasm code",
  "a refused configuration": "wasm log: the plugin configuration was refused:",
  "the filter's own": "wasm log: called outbound|5000||back-python.jump.svc.cluster.local: GET /jump -> 200",
  // Envoy's access log
  denied: "403 - rbac_access_denied_matched_policy[none]",
  "no plugin": "500 NFCF",
} as const;
