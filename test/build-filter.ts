import { fileURLToPath } from "node:url";

import { buildFilter } from "../build/pipeline.ts";
import { tempProject } from "./temp-project.ts";

/** A module that was built for a test. */
export interface BuiltModule extends AsyncDisposable {
  readonly wasm: string;
}

/** Builds a filter of test/filters. */
export function buildTestFilter(name: string): Promise<BuiltModule> {
  return buildOwnFilter(`test/filters/${name}.ts`);
}

/** Builds a filter of the project, by its path from the root. The project's own type check has seen it. */
export async function buildOwnFilter(path: string): Promise<BuiltModule> {
  const entry = fileURLToPath(new URL(`../${path}`, import.meta.url));
  const project = await tempProject({});
  const wasm = project.path("filter.wasm");
  await buildFilter({ entry, outfile: wasm, typecheck: false });
  return { wasm, [Symbol.asyncDispose]: () => project[Symbol.asyncDispose]() };
}

/** Builds a module of a filter's text; types are checked, as a user's are, unless `typecheck` is false. */
export async function buildModule(text: string, { typecheck = true } = {}): Promise<BuiltModule> {
  const project = await tempProject({ "filter.ts": text });
  try {
    await buildFilter({ entry: project.path("filter.ts"), outfile: project.path("filter.wasm"), typecheck });
    return { wasm: project.path("filter.wasm"), [Symbol.asyncDispose]: () => project[Symbol.asyncDispose]() };
  } catch (error) {
    await project[Symbol.asyncDispose]();
    throw error;
  }
}
