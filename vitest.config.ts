import { defineConfig } from "vitest/config";

const shared = { resolve: { conditions: ["@proxy-wasm-ts/source"] } };

// Each project is one npm script; see the "scripts" of package.json.
export default defineConfig({
  ...shared,
  test: {
    projects: [{ ...shared, test: { name: "unit", include: ["test/{unit,host,types}/**/*.test.ts"] } }],
  },
});
