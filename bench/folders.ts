import { fileURLToPath } from "node:url";

function fromRoot(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

export const FILTERS_FOLDER = fromRoot("bench/filters");
export const PEERS_FOLDER = fromRoot("bench/peers");
export const JUMP_FILTER = fromRoot("src/filter/filter.ts");
/** All that the benchmark makes. */
export const CACHE = fromRoot(".cache/bench");
