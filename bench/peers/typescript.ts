import { buildFilter } from "../../build/pipeline.ts";
import { entryOf } from "../folders.ts";
import type { FilterName } from "../modules.ts";

/** Builds a filter of this SDK from the checkout's sources. @throws BuildError, also when there is no engine yet */
export async function buildTypeScript(filter: FilterName, wasm: string): Promise<void> {
  await buildFilter({ entry: entryOf(filter), outfile: wasm });
}
