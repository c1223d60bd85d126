import type { FilterName } from "./modules.ts";

/** What the load process is told. */
export interface LoadOrder {
  /** The origin that requests are sent to. */
  readonly origin: string;
  /** Whose traffic it is; see traffic.ts. */
  readonly filter: FilterName;
  readonly requests: number;
  /** How many requests are under way at a time. */
  readonly connections: number;
}

/** What the load process saw of an order. */
export interface LoadResult {
  readonly milliseconds: number;
  /** How long each request took until the end of its answer. */
  readonly latencies: readonly number[];
  /** Answers by their status; 0: no answer. */
  readonly answers: Readonly<Record<number, number>>;
  /** How many requests reached the upstream. */
  readonly upstream: number;
  /** How many calls reached back-python. */
  readonly calls: number;
  /** Of the bodies of all requests at the upstream, and of all answers at the client. */
  readonly upstreamBytes: number;
  readonly clientBytes: number;
}

/** What the load process tells. */
export type LoadReport =
  | { readonly kind: "ready"; readonly upstream: string; readonly backPython: string }
  | { readonly kind: "done"; readonly result: LoadResult };

/** Connections of the measurement of CPU time. */
export const CONNECTIONS = 16;

/** A request as it arrives in a mesh: what curl sends, and tracing headers. */
export const REQUEST_HEADERS: Readonly<Record<string, string>> = {
  "user-agent": "curl/8.5.0",
  accept: "*/*",
  "x-b3-traceid": "463ac35c9f6413ad48485a3953bb6124",
  "x-b3-spanid": "a2fb4a1d1a96d312",
  "x-b3-sampled": "1",
};
