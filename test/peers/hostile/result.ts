import type { Column } from "./columns.ts";

export const RESULT_FORMAT = 1;

/**
 * What an attack has cost, from the least to the most: nothing; the stream that it was in; the VM, and so all requests of the worker;
 * the worker, or the main thread, which takes no configuration any more; Envoy itself.
 */
export const VERDICTS = ["nothing", "stream", "vm", "main", "worker", "envoy"] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface Trial {
  readonly verdict: Verdict;
  /** What the client of the attack saw. */
  readonly seen: string;
  /** How long a request to the same worker, past the filter, had to wait at most. */
  readonly stillMs: number;
  /** What the attack made of it, in the filter's words. */
  readonly ended?: string;
  /** How a VM failed, in Envoy's words. */
  readonly trap?: string;
  /** Of a VM that has failed: how long requests were not served with `FAIL_RELOAD`; null: for ever; undefined: not noticed. */
  readonly reloadMs?: number | null;
  /** How much more memory Envoy has than before. */
  readonly growthBytes?: number;
}

/** Whether the worker, its VM and its Envoy went on. */
export function hasSurvived({ verdict }: Trial): boolean {
  return verdict === "nothing" || verdict === "stream";
}

/** What was tried on the filter of one SDK. */
export interface ColumnResult {
  readonly format: typeof RESULT_FORMAT;
  readonly date: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly system: string };
  readonly versions: Readonly<Record<string, string>>;
  /** By the attacks' names; or why there is none. */
  readonly trials: Readonly<Record<string, Trial | { readonly absent: string }>>;
}

export type Result = Readonly<Partial<Record<Column, ColumnResult>>>;
