/** What a filter of the benchmark does; see README.md. */
export const FILTERS = ["header", "call", "jump"] as const;
export type FilterName = (typeof FILTERS)[number];

/** The SDK that a filter is written with. */
export const SDKS = ["ts", "rust", "go"] as const;
export type SdkName = (typeof SDKS)[number];

/** A built module that is measured. */
export interface BenchModule {
  /** undefined: the empty filter, which all others are compared with. */
  readonly filter: FilterName | undefined;
  /** The SDK's name, or the name that the command line gave it. */
  readonly variant: string;
  readonly wasm: string;
}

/** How messages call it, for example "jump-go". */
export function nameOf({ filter, variant }: BenchModule): string {
  return filter === undefined ? variant : `${filter}-${variant}`;
}

/** The plugin configuration of a filter. */
export const CONFIGS: Readonly<Record<FilterName, object | undefined>> = {
  header: undefined,
  call: undefined,
  jump: { cluster: "back-python" },
};
