import { existsSync } from "node:fs";

import { entryOfNativeBundle } from "./native/bundle-name.ts";

/** What this uses of a plugin of vite. */
interface CoveragePlugin {
  readonly name: string;
  readonly enforce: "pre";
  readonly config: () => object;
  readonly resolveId: (id: string) => string | undefined;
  readonly load: (id: string) => Promise<{ readonly code: string; readonly map: object } | undefined>;
}

/**
 * A plugin for vitest's configuration, with which its v8 coverage sees filters that run in native mode: they run as a bundle, and
 * this is how vitest learns which lines of TypeScript the bundle came from.
 *
 * @example
 * ```ts
 * import { filterCoverage } from "proxy-wasm-ts/testing/coverage";
 *
 * export default defineConfig({
 *   plugins: [filterCoverage()],
 *   test: { env: { PROXY_WASM_TS_MODE: "native" }, coverage: { provider: "v8", include: ["src/**"] } },
 * });
 * ```
 */
export function filterCoverage(): CoveragePlugin {
  const isBundle = (id: string) => existsSync(entryOfNativeBundle(id) ?? "");
  return {
    name: "proxy-wasm-ts:coverage",
    enforce: "pre",
    // The bundle has the SDK in it, which is nobody's to cover.
    config: () => ({ test: { coverage: { excludeAfterRemap: true } } }),
    resolveId: (id) => (isBundle(id) ? id : undefined),
    async load(id) {
      const source = entryOfNativeBundle(id);
      if (source === undefined || !isBundle(id)) {
        return undefined;
      }
      const { bundle } = await import("../../build/steps/bundle.ts");
      const { script, mapJson } = await bundle(source, id, { forDebugger: true });
      return { code: script, map: JSON.parse(mapJson) as object };
    },
  };
}
