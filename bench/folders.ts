import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { FilterName } from "./modules.ts";

function fromRoot(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

export const ROOT: string = fromRoot("");
export const PEERS_FOLDER: string = fromRoot("bench/peers");
/** All that the benchmark makes. */
export const CACHE: string = fromRoot(".cache/bench");
/** The results that the documentation's tables are made of. */
export const CHECKED_IN_RESULT: string = fromRoot("bench/result.json");
export const CHECKED_IN_SCALING: string = fromRoot("bench/scaling.json");
export const PERFORMANCE_DOC: string = fromRoot("docs/PERFORMANCE.md");

/** The TypeScript filter of the benchmark. */
export function entryOf(filter: FilterName): string {
  return fromRoot(filter === "jump" ? "src/filter/filter.ts" : join("bench", "filters", `${filter}.ts`));
}
