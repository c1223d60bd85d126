import { total } from "./guest.ts";
import type { Counts } from "./guest.ts";
import { buildNamed, countPerRequest } from "./run.ts";
import type { FilterName } from "../modules.ts";

/** What one request costs a filter: counts that are the same on every machine. */
export interface FilterCost {
  readonly hostCalls: Readonly<Record<string, number>>;
  /** Of the engine's and of the C library's allocators. */
  readonly allocations: number;
  readonly instructions: number;
}

/** Functions that give memory: the arena of small blocks, and what is behind it. A reallocation may be none. */
const ALLOCATORS = ["js_arena_malloc", "dlmalloc"];

/** Builds a filter of the benchmark and counts what it does for a request. */
export async function costOf(filter: FilterName): Promise<FilterCost> {
  return summed(await countPerRequest(filter, await buildNamed(filter)));
}

function summed({ instructions, calls, hostCalls }: Counts): FilterCost {
  const allocations = ALLOCATORS.reduce((sum, name) => sum + (calls.get(name) ?? 0), 0);
  return {
    // Rounded up: long work asks for the time now and then.
    hostCalls: Object.fromEntries(
      [...hostCalls].map(([name, count]) => [name, Math.ceil(count)] as const).sort(([a], [b]) => a.localeCompare(b)),
    ),
    allocations: Math.ceil(allocations),
    instructions: Math.ceil(total(instructions)),
  };
}
