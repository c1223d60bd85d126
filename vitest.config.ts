import { fileURLToPath } from "node:url";

import { defineConfig } from "vitest/config";

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Node lets a package import itself by its name, vite does not. */
const alias = [
  { find: /^proxy-wasm-ts\/testing$/, replacement: source("test/host/index.ts") },
  { find: /^proxy-wasm-ts\/testing\/vitest$/, replacement: source("test/host/vitest.ts") },
  { find: /^proxy-wasm-ts\/hostcalls$/, replacement: source("src/sdk/hostcalls.ts") },
  { find: /^proxy-wasm-ts$/, replacement: source("src/sdk/index.ts") },
];

interface Options {
  readonly env?: Record<string, string>;
  readonly globalSetup?: string[];
  /** False: files share a process, and its modules with their state. They are loaded once, and V8 has optimized them: half the time. */
  readonly isolate?: boolean;
}

/** A suite by what it needs: nothing but Node; the built engine and dist/filter.wasm; a real Envoy; Envoy and Go. */
function project(name: string, include: string[], testTimeout: number, options: Options = {}) {
  return { resolve: { alias }, test: { name, include, testTimeout, hookTimeout: testTimeout, ...options } };
}

export default defineConfig({
  test: {
    maxWorkers: "100%",
    projects: [
      project("unit", ["test/{unit,host,types}/**/*.test.ts", "src/filter/config.test.ts"], 60_000),
      project(
        "wasm",
        [
          "test/wasm/{*,host-abi/**/*,sdk/**/*}.test.ts",
          "test/traps/*.test.ts",
          "examples/**/*.test.ts",
          "src/filter/filter.test.ts",
        ],
        120_000,
        { isolate: false },
      ),
      // The tests of the SDK in the module, once more with the filters' TypeScript straight in Node.
      project("native", ["test/wasm/sdk/**/*.test.ts", "test/native/**/*.test.ts"], 60_000, {
        env: { PROXY_WASM_TS_MODE: "native" },
        isolate: false,
      }),
      project("memory", ["test/wasm/memory/*.test.ts"], 120_000),
      project("shim", ["test/shim/**/*.test.ts"], 300_000),
      project("commands", ["test/commands/**/*.test.ts"], 120_000),
      project("fuzz", ["test/fuzz/**/*.test.ts"], 400_000),
      project("attacks", ["test/attacks/**/*.test.ts"], 60_000),
      project("envoy", ["test/envoy/**/*.test.ts"], 60_000),
      project("peers", ["test/peers/**/*.test.ts"], 60_000),
      project("images", ["test/images/**/*.test.ts"], 120_000),
      project("containers", ["test/containers/**/*.test.ts"], 120_000),
      project("differential", ["test/differential/**/*.test.ts"], 120_000),
      // Only within the namespaces of npm run test:mesh.
      project("mesh", ["test/mesh/**/*.test.ts"], 120_000, { globalSetup: ["test/mesh/setup.ts"] }),
    ],
  },
});
