import { defineConfig } from "vitest/config";

const shared = { resolve: { conditions: ["@proxy-wasm-ts/source"] } };

/** A suite by what it needs: nothing but Node, the built engine and dist/filter.wasm, a real Envoy. */
function project(name: string, include: string[], testTimeout: number) {
  return { ...shared, test: { name, include, testTimeout, hookTimeout: testTimeout } };
}

export default defineConfig({
  ...shared,
  test: {
    projects: [
      project("unit", ["test/{unit,host,types}/**/*.test.ts"], 20_000),
      project("wasm", ["test/{wasm,shim}/**/*.test.ts", "src/filter/**/*.test.ts"], 120_000),
      project("envoy", ["test/envoy/**/*.test.ts"], 60_000),
    ],
  },
});
