import type { Plugin } from "esbuild";

import { PUBLIC_MODULES, sdkModule } from "../package-files.ts";

const MESSAGES: Readonly<Record<string, string>> = {
  "proxy-wasm-ts/testing":
    '"proxy-wasm-ts/testing" is the test host, which runs in Node; a filter cannot import it. ' +
    "Move what needs it into the filter's test.",
};

/** Resolves imports of this package to its own SDK, also where it is not installed. */
export const packageImports: Plugin = {
  name: "proxy-wasm-ts",
  setup(build) {
    build.onResolve({ filter: /^proxy-wasm-ts($|\/)/ }, ({ path }) => {
      const module = PUBLIC_MODULES[path];
      if (module !== undefined) {
        return { path: sdkModule(module) };
      }
      const names = Object.keys(PUBLIC_MODULES).join(", ");
      return { errors: [{ text: MESSAGES[path] ?? `there is no "${path}"; a filter can import ${names}` }] };
    });
  },
};
