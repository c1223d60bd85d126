import { fileURLToPath } from "node:url";

function fromRoot(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

export const ROOT: string = fromRoot("");
export const FILTERS_FOLDER: string = fromRoot("bench/filters");
export const PEERS_FOLDER: string = fromRoot("bench/peers");
export const JUMP_FILTER: string = fromRoot("src/filter/filter.ts");
/** All that the benchmark makes. */
export const CACHE: string = fromRoot(".cache/bench");
/** The results that the documentation's tables are made of. */
export const CHECKED_IN_RESULT: string = fromRoot("bench/result.json");
export const CHECKED_IN_SCALING: string = fromRoot("bench/scaling.json");
export const PERFORMANCE_DOC: string = fromRoot("docs/PERFORMANCE.md");
