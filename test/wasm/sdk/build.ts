/** The filters of the SDK's tests, in the mode that the suite runs in: the module, or the TypeScript straight in Node. */

import { fileURLToPath } from "node:url";

import { compileFilter } from "../../host/index.ts";
import type { CompiledFilter } from "../../host/index.ts";
import { tempProject } from "../../temp-project.ts";

/** Compiles a filter's text, with no check of its types. */
export async function build(text: string): Promise<CompiledFilter> {
  await using project = await tempProject({ "filter.ts": text });
  return await compileFilter(project.path("filter.ts"));
}

/** Compiles a filter of test/filters. */
export function buildTestFilter(name: string): Promise<CompiledFilter> {
  return compileFilter(fileURLToPath(new URL(`../../filters/${name}.ts`, import.meta.url)));
}
