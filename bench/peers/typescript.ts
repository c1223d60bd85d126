import { join } from "node:path";

import { buildFilter } from "../../build/pipeline.ts";
import { FILTERS_FOLDER, JUMP_FILTER } from "../folders.ts";
import type { FilterName } from "../modules.ts";

/** Builds a filter of this SDK from the checkout's sources. @throws BuildError, also when there is no engine yet */
export async function buildTypeScript(filter: FilterName, wasm: string): Promise<void> {
  const entry = filter === "jump" ? JUMP_FILTER : join(FILTERS_FOLDER, `${filter}.ts`);
  await buildFilter({ entry, outfile: wasm });
}
